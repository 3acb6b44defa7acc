// Roots of a session that are no texts: XML, maps and lists, which other programs write. They can
// be read here.
import type { Document, LeftOut, RootType } from "../types"

export type Documents = Readonly<Record<string, Document>>

export const KINDS: Record<RootType, string> = {
  xml: "XML",
  map: "map",
  array: "list",
  empty: "emptied",
}

const LEFT_OUT: Record<LeftOut, string> = {
  too_large: "It is too large to be shown.",
  too_deep: "It is nested too deeply to be shown.",
  attributes: "It also has attributes, which are not shown.",
}

/** What a document holds: XML as it is, everything else as JSON; "" if there is nothing to show. */
export const contentOf = ({ type, value }: Document): string =>
  value === null
    ? ""
    : type === "xml" && typeof value === "string"
      ? value
      : JSON.stringify(value, null, 2)

/** The language in which its content is coloured. */
export const languageOf = ({ type }: Document): string => (type === "xml" ? "html" : "json")

/** A remark for people about what is shown, such as what is left out; "" for none. */
export function remarkOf(document: Document): string {
  if (document.leftOut) return LEFT_OUT[document.leftOut]
  if (document.type === "empty") return "Everything in it was deleted."
  return contentOf(document) === "" ? "It is empty." : ""
}
