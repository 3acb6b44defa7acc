// Counts the messages that the server has on disk. The server reports how many sync messages of a
// connection are committed.

/**
 * `connecting` means that neither side has sent anything on the connection, so no edit can be on
 * its way.
 */
export type SaveState = "saved" | "saving" | "connecting" | "offline"

const SYNC = 0
const STEP_2 = 1
const UPDATE = 2

export class SavedCounter {
  private out = 0
  private committed = 0
  /** the number of the unsaved message that is waited for, and the time at which the wait began */
  private awaited = 0
  private since = 0

  constructor(private readonly now: () => number = Date.now) {}

  /** Count an outgoing frame if it carries content. */
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

  /**
   * The milliseconds for which the server has saved no further message; 0 if all messages are
   * saved.
   */
  waitedMs(): number {
    return this.committed < this.out ? this.now() - this.since : 0
  }

  private await(message: number): void {
    this.awaited = message
    this.since = this.now()
  }

  /** Start again for a new connection, on which both sides count from 0. */
  reset(): void {
    this.out = this.committed = this.awaited = 0
  }

  /** The state to show. It is "saved" only after the server's first question has been answered. */
  state(isSynced: boolean): SaveState {
    if (!isSynced) return "connecting"
    return this.out > 0 && this.committed >= this.out ? "saved" : "saving"
  }
}
