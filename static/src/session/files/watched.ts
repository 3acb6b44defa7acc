// Reads the table of files from a Yjs document. It can also be read as a signal, because other
// people and this page change it.
import { signal } from "@preact/signals"
import * as Y from "yjs"
import { NO_TABLE, type Table, TABLE_ROOT, tableOf } from "./table"

/**
 * Read the table of a document. This does not open the root as a map. If the root is a text of
 * another program, opening it as a map would make the text unreadable.
 */
export function readTable(doc: Y.Doc): Table {
  const root = doc.share.get(TABLE_ROOT)
  if (!root) return NO_TABLE
  const values = new Map<string, unknown>()
  for (const [key, { deleted, content }] of root._map)
    if (!deleted) values.set(key, content instanceof Y.ContentAny ? content.arr.at(-1) : null)
  const table = tableOf(values)
  const isEmpty = values.size === 0 && root._start === null && !(root instanceof Y.Text)
  return isEmpty || table.entries.size > 0 ? table : { ...table, isForeign: true }
}

/** Whether entries can be written: the root is a map already, or can become one. */
export function canWriteTable(doc: Y.Doc): boolean {
  const root = doc.share.get(TABLE_ROOT)
  const canBeMap = !root || root instanceof Y.Map || root.constructor === Y.AbstractType
  return canBeMap && !readTable(doc).isForeign
}

export class WatchedTable {
  readonly table = signal<Table>(NO_TABLE)

  constructor(private readonly doc: Y.Doc) {
    this.table.value = readTable(doc)
    doc.on("afterTransaction", this.changed)
  }

  /** Read the table again only if it changed, because this runs with each key press. */
  private readonly changed = ({ changed }: Y.Transaction) => {
    const root = this.doc.share.get(TABLE_ROOT)
    if ([...changed.keys()].some((type) => (type as unknown) === root))
      this.table.value = readTable(this.doc)
  }
}
