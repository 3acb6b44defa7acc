// The lines that the user types while their program runs.
import { signal } from "@preact/signals"

/** The most bytes of a run's input that the server keeps, in UTF-8 (docs/running-code.md). */
const INPUT_BYTES = 16 * 1024

export class Typed {
  /** whether the program waits for a line */
  readonly isAwaited = signal(false)
  /** all lines of this run */
  text = ""
  private readonly encoder = new TextEncoder()

  /** `send` gives the program a line, or null at the end of the input, and shows the typed text. */
  constructor(private readonly send: (line: string | null, echo: string) => void) {}

  begin(): void {
    this.text = ""
    this.isAwaited.value = false
  }

  /** The program waits for a line, or does not wait any more. */
  waits(isAwaited: boolean): void {
    this.isAwaited.value = isAwaited
  }

  /** Give the program a line. If the server would not keep it, end the input instead. */
  line(line: string): void {
    const all = `${this.text}${line}\n`
    if (this.encoder.encode(all).length > INPUT_BYTES) {
      this.end()
      return
    }
    this.text = all
    this.isAwaited.value = false
    this.send(line, `${line}\n`)
  }

  end(): void {
    this.isAwaited.value = false
    this.send(null, "")
  }
}
