// Shows a root that is not a text, as the server reads it. Only other programs can write it.
import { useEffect } from "preact/hooks"
import { words } from "../api"
import { contentOf, KINDS, languageOf, remarkOf } from "../lib/documents"
import { valueOf } from "../lib/files"
import type { Document } from "../types"
import { ReadOnlyText } from "./editor/reading"
import type { LiveSession } from "./live/live"

const ABOUT: Record<Document["type"], string> = {
  xml: "is XML, such as a text with formats",
  map: "is a map, shown as JSON",
  array: "is a list, shown as JSON",
  empty: "is no text",
}

function Content({ name, document }: { name: string; document: Document }) {
  const content = contentOf(document)
  const remark = remarkOf(document)
  return (
    <>
      <p class="document-about">
        <bdi>{name}</bdi> {ABOUT[document.type]}. It can be read here; the program that wrote it can
        change it.{remark && ` ${remark}`}
      </p>
      {content !== "" && (
        <ReadOnlyText
          text={content}
          name=""
          language={languageOf(document)}
          label={`${name}, ${KINDS[document.type]}, read only`}
          testId="document"
        />
      )}
    </>
  )
}

interface Props {
  live: LiveSession
  root: string
  name: string
}

export function LiveDocument({ live, root, name }: Props) {
  useEffect(() => live.watchDocuments(), [live])
  useEffect(() => live.collab.say("root", root), [live, root])
  const { ready } = live.collab
  const documents = ready.value ? live.documents.value : (live.preview.value?.documents ?? {})
  const document = valueOf(documents, root)
  if (document) return <Content name={name} document={document} />
  return (
    <p class="boot" role="status">
      {live.problem.value ? `This cannot be shown now. ${words(live.problem.value)}` : "Reading…"}
    </p>
  )
}
