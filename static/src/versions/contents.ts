// Reads the contents of versions from the server.
import { get } from "../api"
import type { Documents } from "../lib/documents"
import type { FileName } from "../session/files/table"

export interface Contents {
  files: Readonly<Record<string, string>>
  documents: Documents
  /** missing in versions of servers that did not know names */
  names?: readonly FileName[]
}

/**
 * Enough for two comparisons. Users who step through the versions see each version twice in a row.
 */
const KEPT = 4

/**
 * The versions of one session. It keeps the versions that were read last, because versions do not
 * change. Only a redaction changes them, and then this page shows the old text until it is left.
 */
export class VersionContents {
  private readonly kept = new Map<string, Promise<Contents>>()

  constructor(private readonly sessionId: string) {}

  /** Return the content of a version, or of the current document for "live". */
  read(which: string): Promise<Contents> {
    if (which === "live") return get<Contents>(`/code/${this.sessionId}/latest?live=true`)
    const known = this.kept.get(which)
    const contents = known ?? get<Contents>(`/code/${this.sessionId}/versions/${which}`)
    this.kept.delete(which)
    this.kept.set(which, contents)
    // after an error, the next read asks again
    if (!known) contents.catch(() => this.kept.delete(which))
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= KEPT) break
      this.kept.delete(oldest)
    }
    return contents
  }
}
