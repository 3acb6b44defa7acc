// The table of a document's files as a signal: others change it, and so does this page.
import { signal } from "@preact/signals"
import type * as Y from "yjs"
import { NO_TABLE, readTable, type Table, TABLE_ROOT } from "./table"

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
