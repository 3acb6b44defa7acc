// What is known to be on disk. The server says how many of a connection's sync messages are
// committed.

/**
 * `connecting` is a connection on which nothing has been said yet, so that nothing can be on its
 * way.
 */
export type SaveState = "saved" | "saving" | "connecting" | "offline"

const SYNC = 0
const STEP_2 = 1
const UPDATE = 2

export class SavedCounter {
  private out = 0
  private committed = 0
  /** a message that is not saved yet, and when it was sent or began to be waited for */
  private awaited = 0
  private since = 0

  constructor(private readonly now: () => number = Date.now) {}

  /** Count a frame that goes out: only those that carry content. */
  sent(frame: Uint8Array): void {
    if (frame[0] === SYNC && (frame[1] === STEP_2 || frame[1] === UPDATE)) {
      if (this.committed >= this.out) this.await(this.out + 1)
      this.out += 1
    }
  }

  saved(count: number): void {
    this.committed = count
    if (count >= this.awaited) this.await(this.out)
  }

  /** For how many milliseconds nothing that was sent before has become saved; 0 if all is. */
  waitedMs(): number {
    return this.committed < this.out ? this.now() - this.since : 0
  }

  private await(message: number): void {
    this.awaited = message
    this.since = this.now()
  }

  /** A new connection counts from the beginning. */
  reset(): void {
    this.out = this.committed = this.awaited = 0
  }

  /** Before our answer to the server's first question has gone out, nothing is known. */
  state(isSynced: boolean): SaveState {
    if (!isSynced) return "connecting"
    return this.out > 0 && this.committed >= this.out ? "saved" : "saving"
  }
}
