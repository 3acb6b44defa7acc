// Measures how long a program runs, without the time in which it waits for a person.

/** Milliseconds that one run may wait for lines of a person, so that no run stays for ever. */
const WAIT_MS = 5 * 60_000

export class RunClock {
  private timer = 0
  private since = 0
  private ranMs = 0
  private limitMs = 0
  private waitLeftMs = 0
  private isWaiting = false

  /** Calls `tooLong` at the limit of the program, and `noLine` when nobody types a line. */
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

  /** The program waits for a line, or goes on with it. */
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
