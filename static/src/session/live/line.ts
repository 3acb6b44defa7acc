// What people are told about the connection, and when: not about a restart that is over before they
// have read of it.
import { signal } from "@preact/signals"
import { isFinal, NO_NETWORK, type Trouble, troubleOf } from "./trouble"

/** Longer than a restart and `SETTLED_MS` together. */
export const PATIENCE_MS = 3000
/** A connection that has been good for so long does not end again for the same reason. */
export const SETTLED_MS = 2000
/**
 * How many handshakes fail before the reason is looked for; and how often it is looked for again.
 */
const MANY_FAILURES = 3
const PROBE_EVERY = 10

export class Line {
  /** why there is no connection; null while there is one, or while it is too early to say */
  readonly trouble = signal<Trouble | null>(null)
  private waiting: Trouble | null = null
  private failures = 0
  private wasGood = false
  private patience: ReturnType<typeof setTimeout> | undefined
  private settling: ReturnType<typeof setTimeout> | undefined

  /** probe: finds out why handshakes fail */
  constructor(private readonly probe: () => Promise<Trouble>) {}

  /** The server closed the connection and said why. */
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

  /** A connection ended, or never began, without a word of the server. */
  failed(): void {
    clearTimeout(this.settling)
    this.failures += 1
    if (this.failures % PROBE_EVERY !== MANY_FAILURES) return
    void this.probe().then((trouble) => {
      if (this.failures >= MANY_FAILURES) this.show(trouble)
    })
  }

  /** The device has no network: people learn of that now, and not when it has lasted. */
  offline(): void {
    clearTimeout(this.settling)
    if (!isFinal(this.trouble.value)) this.show(NO_NETWORK)
  }

  /** The document is in step with the server's. */
  synced(): void {
    this.failures = 0
    clearTimeout(this.settling)
    this.settling = setTimeout(() => this.good(), SETTLED_MS)
  }

  /** Nothing is wrong: all that was typed is saved, or the connection has lasted. */
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
