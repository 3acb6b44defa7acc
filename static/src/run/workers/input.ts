// The input of a program: first the text given before the run, then lines that the user types
// during the run.

type Line = string | null

export class Input {
  /** milliseconds that the program has waited for a person */
  waitedMs = 0
  private readonly lines: string[]
  private readonly waiting: ((line: Line) => void)[] = []
  private askedAt = 0
  // the program may replace this global
  private readonly now = performance.now.bind(performance)

  /** `ask` asks the user for one line; without it, the input ends after `text`. */
  constructor(
    text: string,
    private ask: (() => void) | null,
  ) {
    this.lines = text === "" ? [] : text.replace(/\n$/, "").split("\n")
  }

  /** Return the next line of the text, or null after its end. */
  next(): Line {
    return this.lines.shift() ?? null
  }

  /** Return the next line, for which the user may be asked; null at the end of the input. */
  line(): Promise<Line> {
    if (this.lines.length > 0 || !this.ask) return Promise.resolve(this.next())
    return new Promise((done) => {
      this.waiting.push(done)
      if (this.waiting.length === 1) this.askNow()
    })
  }

  /** The user has typed a line; null if they have ended the input. */
  given(line: Line): void {
    if (this.waiting.length === 0) return
    this.waitedMs += this.now() - this.askedAt
    if (line === null) {
      this.ask = null
      for (const done of this.waiting.splice(0)) done(null)
    } else {
      this.waiting.shift()?.(line)
      if (this.waiting.length > 0) this.askNow()
    }
  }

  private askNow(): void {
    this.askedAt = this.now()
    this.ask?.()
  }
}
