// Runs the programs of tests one after another, in a frame of their own.
import { OUTPUT_BYTES, type Program } from "../../../run/protocol"
import { type Heard, Host } from "../host"
import type { Ran } from "./results"

const FRESH: Ran = { outcome: "done", ms: 0, stdout: "", stderr: "", problem: "" }

/**
 * Runs one program at a time. Its output stays here and does not get into the presence, which
 * others see. A program may print the input of a hidden test.
 */
export class TestRunner {
  private host: Host | null = null
  private ran = FRESH
  private end: ((ran: Ran) => void) | null = null

  run(program: Program): Promise<Ran> {
    this.ran = FRESH
    this.host ??= new Host((heard) => this.heard(heard))
    const { host } = this
    return new Promise((end) => {
      this.end = end
      host.run(program)
    })
  }

  stop(): void {
    this.host?.stop()
  }

  close(): void {
    this.host?.close()
    this.host = null
  }

  private heard(heard: Heard): void {
    if (heard.is === "output") {
      for (const { to, text } of heard.pieces) {
        const stream = to === "out" ? "stdout" : "stderr"
        const all = this.ran[stream] + text
        // our worker cuts the output, so a longer one does not come from our worker
        if (all.length <= OUTPUT_BYTES) this.ran = { ...this.ran, [stream]: all }
      }
    } else if (heard.is === "ended") this.finish({ outcome: heard.outcome, ms: heard.ms })
    else if (heard.is === "broken") {
      // a part of the frame may wait for ever, so the next program gets a new one
      this.close()
      this.finish({ outcome: "failed", problem: heard.message })
    }
  }

  private finish(part: Partial<Ran>): void {
    const { end } = this
    this.end = null
    end?.({ ...this.ran, ...part })
  }
}
