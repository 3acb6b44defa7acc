// Roots of a session that are not texts: XML, maps and lists from other programs. The app shows
// them read-only.
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

/** A document's content: XML unchanged, other values as JSON, or "" if there is nothing to show. */
export const contentOf = ({ type, value }: Document): string =>
  value === null
    ? ""
    : type === "xml" && typeof value === "string"
      ? value
      : JSON.stringify(value, null, 2)

/** The language whose colours the content has. */
export const languageOf = ({ type }: Document): string => (type === "xml" ? "html" : "json")

/** A remark for users about the shown content, for example about missing parts; "" for none. */
export function remarkOf(document: Document): string {
  if (document.leftOut) return LEFT_OUT[document.leftOut]
  if (document.type === "empty") return "Everything in it was deleted."
  return contentOf(document) === "" ? "It is empty." : ""
}
