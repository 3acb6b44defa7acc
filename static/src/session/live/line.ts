// The messages to users about the connection, and when they are shown. A short restart that is over
// before users could read about it is not shown.
import { signal } from "@preact/signals"
import { isFinal, NO_NETWORK, type Trouble, troubleOf } from "./trouble"

/** How long a trouble waits before it is shown: longer than a restart and `SETTLED_MS` together. */
export const PATIENCE_MS = 3000
/** A connection that has been good for this time is not expected to end for the same reason. */
export const SETTLED_MS = 2000
/**
 * The number of failed handshakes after which the page looks for the reason, and the number of
 * further failures before it looks again.
 */
const MANY_FAILURES = 3
const PROBE_EVERY = 10

export class Line {
  /** why there is no connection; null while there is one, or while it is too early to show why */
  readonly trouble = signal<Trouble | null>(null)
  private waiting: Trouble | null = null
  private failures = 0
  private wasGood = false
  private patience: ReturnType<typeof setTimeout> | undefined
  private settling: ReturnType<typeof setTimeout> | undefined

  /** probe: finds out why handshakes fail. */
  constructor(private readonly probe: () => Promise<Trouble>) {}

  /** The server has closed the connection with a reason. */
  closed(code: number, reason: string): void {
    this.failures = 0
    clearTimeout(this.settling)
    const trouble = troubleOf(code, reason)
    if (trouble.remedy !== "later" || !this.wasGood || this.trouble.value) this.show(trouble)
    else {
      this.waiting = trouble
      this.patience ??= setTimeout(() => this.waiting && this.show(this.waiting), PATIENCE_MS)
    }
  }

  /** A connection has ended or could not be opened, without a reason from the server. */
  failed(): void {
    clearTimeout(this.settling)
    this.failures += 1
    if (this.failures % PROBE_EVERY !== MANY_FAILURES) return
    void this.probe().then((trouble) => {
      if (this.failures >= MANY_FAILURES) this.show(trouble)
    })
  }

  /** The device has no network. Users learn of this immediately. */
  offline(): void {
    clearTimeout(this.settling)
    if (!isFinal(this.trouble.value)) this.show(NO_NETWORK)
  }

  /** The document is synchronized with the server's. */
  synced(): void {
    this.failures = 0
    clearTimeout(this.settling)
    this.settling = setTimeout(() => this.good(), SETTLED_MS)
  }

  /** All is well: all typed text is saved, or the connection has lasted. */
  good(): void {
    this.wasGood = true
    this.show(null)
  }

  stop(): void {
    clearTimeout(this.patience)
    clearTimeout(this.settling)
  }

  private show(trouble: Trouble | null): void {
    clearTimeout(this.patience)
    this.patience = undefined
    this.waiting = null
    this.trouble.value = trouble
  }
}
