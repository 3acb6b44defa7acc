// New edits that were sent and never confirmed. The server may have them although its answer got
// lost.
import { fromBase64, toBase64 } from "lib0/buffer"

/**
 * Text that was sent again as new edits. update   the update that was sent refused  the update with
 * the old edits that the server refuses: `update` brings their text under a new client id
 */
export interface Sending {
  update: Uint8Array
  refused: Uint8Array
}

const KEY = "sent:"

/**
 * Keeps one sending until it is confirmed, also while the page is loaded again, for all tabs of
 * this browser.
 */
export class Unconfirmed {
  private readonly key: string
  /** Used only where the browser keeps nothing: private windows, or a storage that is full. */
  private held: string | null = null

  /** place: the name of the database that has the copy of the document. */
  constructor(place: string) {
    this.key = KEY + place
  }

  read(): Sending | null {
    const kept = localStorage.getItem(this.key) ?? this.held
    if (kept === null) return null
    const { update, refused } = JSON.parse(kept) as Record<keyof Sending, string>
    return { update: fromBase64(update), refused: fromBase64(refused) }
  }

  /** Keep a sending instead of the one before; null for none. */
  write(sending: Sending | null): void {
    localStorage.removeItem(this.key)
    this.held = null
    if (sending === null) return
    const kept = JSON.stringify({
      update: toBase64(sending.update),
      refused: toBase64(sending.refused),
    })
    try {
      localStorage.setItem(this.key, kept)
    } catch {
      this.held = kept
    }
  }
}

/**
 * Forget the sendings of all documents that are kept in databases whose names begin with
 * `beginning`.
 */
export function forgetSendings(beginning: string): void {
  for (const key of Object.keys(localStorage))
    if (key.startsWith(KEY + beginning)) localStorage.removeItem(key)
}
