// Collects the output of a program, cuts it, and sends it in batches.
import { OUTPUT_BYTES, type Piece } from "../protocol"

/** Milliseconds between two batches, so that a loop that prints does not flood the page. */
const BATCH_MS = 50

export class Output {
  /** whether the program has written more than is kept */
  isCut = false
  private left: Uint8Array<ArrayBuffer>
  private pieces: Piece[] = []
  private sentAt = 0
  private timer = 0
  // the program may replace these globals
  private readonly now = performance.now.bind(performance)
  private readonly setTimeout = self.setTimeout.bind(self) as Window["setTimeout"]
  private readonly encoder = new TextEncoder()

  constructor(
    private readonly send: (pieces: Piece[]) => void,
    bytes = OUTPUT_BYTES,
  ) {
    this.left = new Uint8Array(bytes)
  }

  write(to: Piece["to"], text: string): void {
    if (this.isCut || text === "") return
    // a character never needs less than a byte, so the rest need not be encoded
    const { read, written } = this.encoder.encodeInto(text.slice(0, this.left.length), this.left)
    this.left = this.left.subarray(written)
    this.isCut = read < text.length
    this.add(to, text.slice(0, read))
    // A program that never pauses also never lets a timer fire, so each writing looks at the clock.
    if (this.now() - this.sentAt >= BATCH_MS) this.flush()
    else this.timer ||= this.setTimeout(() => this.flush(), BATCH_MS)
  }

  private add(to: Piece["to"], text: string): void {
    const last = this.pieces.at(-1)
    if (last?.to === to) last.text += text
    else if (text) this.pieces.push({ to, text })
  }

  flush(): void {
    clearTimeout(this.timer)
    this.timer = 0
    this.sentAt = this.now()
    if (this.pieces.length === 0) return
    this.send(this.pieces)
    this.pieces = []
  }
}
