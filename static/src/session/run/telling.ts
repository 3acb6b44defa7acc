// Tells other people about the running program of this browser.
import type { Piece } from "../../run/protocol"
import type { RunPresence } from "./types"
import { tailOf } from "./words"

/** The least milliseconds between two messages about a running program. */
const TELL_MS = 500

export type Say = (state: RunPresence | null) => void

export class Telling {
  private about: Omit<RunPresence, "tail"> | null = null
  private pieces: readonly Piece[] = []
  private toldAt = 0
  private timer = 0

  constructor(private readonly say: Say) {}

  begin({ root, language }: { root: string; language: string }, since: number): void {
    this.about = { root, language, state: "running", since }
    this.toldAt = 0
    this.tell([])
  }

  /** Tell the end of an output, at most once in TELL_MS. */
  tell(pieces: readonly Piece[]): void {
    this.pieces = pieces
    clearTimeout(this.timer)
    const waitMs = this.toldAt + TELL_MS - Date.now()
    if (waitMs > 0) this.timer = window.setTimeout(() => this.tell(this.pieces), waitMs)
    else if (this.about) {
      this.toldAt = Date.now()
      this.say({ ...this.about, tail: tailOf(this.pieces) })
    }
  }

  /** Remove the run from the presence, because each message about the presence would repeat it. */
  end(): void {
    this.about = null
    this.stop()
    this.say(null)
  }

  stop(): void {
    clearTimeout(this.timer)
  }
}
