// Buttons to copy or download text that the server does not have.
import { fileName } from "../lib/files"
import { suffixOf } from "../lib/languages"
import type { Session } from "../types"
import { tell } from "../ui/announce"
import { isCopied } from "../ui/copy"

/** Offer a text as a file to download. */
function download(name: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: "text/plain" }))
  const link = document.createElement("a")
  link.href = address
  link.download = name
  link.click()
  URL.revokeObjectURL(address)
}

interface Props {
  text: () => string
  root: string
  session: Session
}

export function KeepText({ text, root, session }: Props) {
  const save = () => download(fileName(root, suffixOf(session.language)), text())
  const copy = async () => {
    if (await isCopied(text())) tell("Your text is copied")
    else save()
  }
  return (
    <>
      {" "}
      <button type="button" class="link" onClick={() => void copy()}>
        Copy my text
      </button>{" "}
      <button type="button" class="link" onClick={save}>
        Download it
      </button>
    </>
  )
}
