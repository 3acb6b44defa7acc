// Keeps new edits that the server has not confirmed. The server may have them, because its answer
// may have been lost.
import { fromBase64, toBase64 } from "lib0/buffer"

/** Text that was sent again as new edits. */
export interface Sending {
  /** the sent update, which has the text of `refused` under a new client id */
  update: Uint8Array
  /** the update with the old edits, which the server refuses */
  refused: Uint8Array
}

const KEY = "sent:"

/**
 * Keeps one sending until it is confirmed, for all tabs of this browser and also after a reload of
 * the page.
 */
export class Unconfirmed {
  private readonly key: string
  /** Used only if the browser stores nothing: in private windows, or when its storage is full. */
  private held: string | null = null

  /** place: the name of the database with the copy of the document. */
  constructor(place: string) {
    this.key = KEY + place
  }

  read(): Sending | null {
    const stored = localStorage.getItem(this.key) ?? this.held
    if (stored === null) return null
    const { update, refused } = JSON.parse(stored) as Record<keyof Sending, string>
    return { update: fromBase64(update), refused: fromBase64(refused) }
  }

  /** Replace the kept sending, or remove it if `sending` is null. */
  write(sending: Sending | null): void {
    localStorage.removeItem(this.key)
    this.held = null
    if (sending === null) return
    const text = JSON.stringify({
      update: toBase64(sending.update),
      refused: toBase64(sending.refused),
    })
    try {
      localStorage.setItem(this.key, text)
    } catch {
      this.held = text
    }
  }
}

/**
 * Delete the sendings of all documents whose databases have names that begin with `beginning`.
 */
export function forgetSendings(beginning: string): void {
  for (const key of Object.keys(localStorage))
    if (key.startsWith(KEY + beginning)) localStorage.removeItem(key)
}
