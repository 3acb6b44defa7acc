// Decides which message about the connection users see, and when. A short restart is not shown,
// because it is over before users could read about it.
import { signal } from "@preact/signals"
import { isFinal, NO_NETWORK, type Trouble, troubleOf } from "./trouble"

/**
 * A trouble is shown only after this time, which is longer than a restart and `SETTLED_MS`
 * together.
 */
export const PATIENCE_MS = 3000
/**
 * After this time, a connection counts as good, so the reason of the last close is no longer shown.
 */
export const SETTLED_MS = 2000
/**
 * After `MANY_FAILURES` failed handshakes, the page looks for the reason. It looks again after each
 * `PROBE_EVERY` further failures.
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
