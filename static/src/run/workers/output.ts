// Collects the output of a program, cuts it, and sends it in batches.
import { OUTPUT_BYTES, type Piece } from "../protocol"

/** The most batches in a second, so that a loop that prints does not flood the page. */
export const BATCHES_PER_S = 20
const SECOND_MS = 1000
const BATCH_MS = SECOND_MS / BATCHES_PER_S

export class Output {
  /** whether the program has written more than is kept */
  isCut = false
  private left: Uint8Array<ArrayBuffer>
  private pieces: Piece[] = []
  private secondBegan = 0
  private batches = 0
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
    // A program that never pauses also never lets a timer fire. So what it writes is sent immediately,
    // while it has batches left: a loop without end often comes after a few lines of output.
    if (this.now() - this.secondBegan >= SECOND_MS) this.beginSecond()
    if (this.batches < BATCHES_PER_S) this.flush()
    else this.timer ||= this.setTimeout(() => this.flush(), BATCH_MS)
  }

  private beginSecond(): void {
    this.secondBegan = this.now()
    this.batches = 0
  }

  private add(to: Piece["to"], text: string): void {
    const last = this.pieces.at(-1)
    if (last?.to === to) last.text += text
    else if (text) this.pieces.push({ to, text })
  }

  flush(): void {
    clearTimeout(this.timer)
    this.timer = 0
    if (this.pieces.length === 0) return
    this.batches += 1
    this.send(this.pieces)
    this.pieces = []
  }
}
