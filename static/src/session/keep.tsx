// Buttons to copy or download text that only this browser has.
import { download } from "../lib/download"
import { tell } from "../ui/announce"
import { isCopied } from "../ui/copy"

interface Props {
  text: () => string
  name: string
}

export function KeepText({ text, name }: Props) {
  const save = () => download(name, text())
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
