// The roots of a document: texts, and roots that only other programs understand.
import * as Y from "yjs"
import { MAIN_ROOT } from "../../lib/files"

type Root = NonNullable<ReturnType<Y.Doc["share"]["get"]>>

/**
 * Whether the content of a root shows that it is a text. The server has the same rule. null if the
 * content does not show it.
 */
function isText(root: Root): boolean | null {
  if (root instanceof Y.Text) return true
  let isOther = root._map.size > 0
  for (let item = root._start; item; item = item.right) {
    const { content } = item
    if (
      content instanceof Y.ContentString ||
      content instanceof Y.ContentEmbed ||
      content instanceof Y.ContentFormat
    )
      return true
    isOther ||= !item.deleted
  }
  return isOther ? false : null
}

/**
 * Tells the texts of a document from its other roots. It remembers the answer for each root,
 * because reading a whole root takes long.
 */
export class Roots {
  private readonly known = new Map<string, boolean>()

  constructor(private readonly doc: Y.Doc) {}

  /**
   * Return the names of the texts and of the other roots. `others` are the roots that the server
   * reports as no texts.
   */
  read(others: readonly string[]): { texts: string[]; others: string[] } {
    const texts = new Set([MAIN_ROOT])
    const rest = new Set<string>()
    for (const [name, root] of this.doc.share)
      if (this.isText(name, root, others)) texts.add(name)
      else rest.add(name)
    for (const name of others) if (!texts.has(name)) rest.add(name)
    return { texts: [...texts], others: [...rest] }
  }

  private isText(name: string, root: Root, others: readonly string[]): boolean {
    // the type of a root never changes after it was opened as a text or was found out
    if (root instanceof Y.Text) return true
    const known = this.known.get(name)
    if (known !== undefined) return known
    const isOfText = isText(root)
    if (isOfText !== null) this.known.set(name, isOfText)
    return isOfText ?? !others.includes(name)
  }
}
