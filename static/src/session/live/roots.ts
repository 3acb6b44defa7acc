// The roots of a document: which are texts, and which only other programs understand.
import * as Y from "yjs"
import { MAIN_ROOT } from "../../lib/files"

type Root = NonNullable<ReturnType<Y.Doc["share"]["get"]>>

/**
 * Whether what stands in a root says that it is a text (the server decides alike), or something
 * else; null: nothing does.
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
 * Tells the texts of a document from its other roots; remembers what a root was, because only the
 * first look is long.
 */
export class Roots {
  private readonly known = new Map<string, boolean>()

  constructor(private readonly doc: Y.Doc) {}

  /**
   * Return the names of texts, and of other roots. `others` are known to be none: from the server,
   * which knows more.
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
    // opened as a text, or a text as far as can be seen: that does not change any more
    if (root instanceof Y.Text) return true
    const known = this.known.get(name)
    if (known !== undefined) return known
    const found = isText(root)
    if (found !== null) this.known.set(name, found)
    return found ?? !others.includes(name)
  }
}
