// Collects the output of a program, cuts it, and sends it in batches.
import { OUTPUT_BYTES, type Piece } from "../protocol"

/** The most batches in a second, so that a loop that prints does not flood the page. */
export const BATCHES_PER_S = 20
const SECOND_MS = 1000
const BATCH_MS = SECOND_MS / BATCHES_PER_S

export class Output {
  /** whether a part of the output was left out, because it was too long */
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
    // each character needs at least one byte, so more characters than this would be cut off anyway
    const { read, written } = this.encoder.encodeInto(text.slice(0, this.left.length), this.left)
    this.left = this.left.subarray(written)
    this.isCut = read < text.length
    this.add(to, text.slice(0, read))
    // While a program does not pause, no timer can fire. So its output is sent immediately, as long
    // as batches are left. Programs often write a few lines before a loop without end.
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
