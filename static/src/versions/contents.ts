// The contents of versions, as the server has them.
import { get } from "../api"
import type { Documents } from "../lib/documents"

export interface Contents {
  files: Readonly<Record<string, string>>
  documents: Documents
}

/**
 * Two comparisons. Someone who steps through the versions sees each of them twice, but never needs
 * more.
 */
const KEPT = 4

/**
 * The versions of one session. Those that were read last are kept: a version does not change,
 * except where text is redacted, and then this page shows the old text until it is left.
 */
export class VersionContents {
  private readonly kept = new Map<string, Promise<Contents>>()

  constructor(private readonly sessionId: string) {}

  /** Return what a version holds, or, of `live`, the document as it is now. */
  read(which: string): Promise<Contents> {
    if (which === "live") return get<Contents>(`/code/${this.sessionId}/latest?live=true`)
    const known = this.kept.get(which)
    const contents = known ?? get<Contents>(`/code/${this.sessionId}/versions/${which}`)
    this.kept.delete(which)
    this.kept.set(which, contents)
    // asked for again the next time
    if (!known) contents.catch(() => this.kept.delete(which))
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= KEPT) break
      this.kept.delete(oldest)
    }
    return contents
  }
}
