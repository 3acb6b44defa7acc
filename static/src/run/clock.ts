// Measures how long a program runs, without the time in which it waits for a person.

/**
 * The milliseconds that one run may wait for a person in all. It is limited, so that no run stays
 * for ever.
 */
const WAIT_MS = 5 * 60_000

export class RunClock {
  private timer = 0
  private since = 0
  private ranMs = 0
  private limitMs = 0
  private waitLeftMs = 0
  private isWaiting = false

  /**
   * Calls `tooLong` when the program has run for `limitMs`. Calls `noLine` when it has waited for a
   * person too long.
   */
  constructor(
    private readonly tooLong: () => void,
    private readonly noLine: () => void,
  ) {}

  start(limitMs: number): void {
    this.limitMs = limitMs
    this.ranMs = 0
    this.waitLeftMs = WAIT_MS
    this.isWaiting = false
    this.begin()
  }

  /** The program begins to wait for a line, or has got it and goes on. */
  turn(isWaiting: boolean): void {
    this.pause()
    this.isWaiting = isWaiting
    this.begin()
  }

  /** Return for how many milliseconds the program ran. */
  end(): number {
    this.pause()
    return Math.round(this.ranMs)
  }

  private begin(): void {
    this.since = performance.now()
    this.timer = this.isWaiting
      ? window.setTimeout(this.noLine, this.waitLeftMs)
      : window.setTimeout(this.tooLong, this.limitMs - this.ranMs)
  }

  private pause(): void {
    clearTimeout(this.timer)
    const ms = performance.now() - this.since
    this.since += ms
    if (this.isWaiting) this.waitLeftMs -= ms
    else this.ranMs += ms
  }
}
