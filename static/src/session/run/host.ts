// The isolated frame, seen from the app. Everything that comes out of it is text from strangers.
import { readAll, watch } from "../../lib/patience"
import { HELLO, type Order, type Program, type Wanted } from "../../run/protocol"
import { checkedReport, type FrameReport } from "./reports"

const PATH = /^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*$/

export type Heard = FrameReport | { is: "loading"; loaded: number; total: number }

/** Why no program can start, in a browser that has not kept the frame. */
const AWAY =
  "the server cannot be reached, and this browser does not keep what runs programs. Run it again when the connection is back"

/** Request a file. Call `came` with the number of bytes that have arrived so far. */
async function load(path: string, came: (bytes: number) => void): Promise<ArrayBuffer> {
  if (!PATH.test(path)) throw new Error("the frame asked for a file that is not its own")
  const stop = new AbortController()
  const clock = watch(() => stop.abort())
  try {
    const answer = await fetch(`/static/run/${path}`, { signal: stop.signal })
    if (!answer.ok || !answer.body) throw new Error(`the server answered ${answer.status}`)
    const read = await readAll(answer, (bytes) => {
      clock.beat()
      came(bytes)
    })
    return await read.arrayBuffer()
  } finally {
    clock.end()
  }
}

/**
 * A frame with an origin of its own, which runs programs in workers. The app requests the files for
 * the frame, because the cache of a page without an origin ends with the page.
 */
export class Host {
  private readonly frame = document.createElement("iframe")
  private port: MessagePort | null = null
  private isClosed = false
  private program: Program | null = null
  private readonly opening = watch(() => this.fail("its frame does not start"))

  constructor(private readonly hear: (heard: Heard) => void) {
    this.frame.setAttribute("sandbox", "allow-scripts")
    this.frame.title = "Runs programs"
    this.frame.hidden = true
    this.frame.src = "/run/"
    this.frame.addEventListener("load", () => this.look())
    addEventListener("message", this.greeted)
    document.body.append(this.frame)
  }

  private readonly greeted = ({ data, source, origin }: MessageEvent<unknown>) => {
    const frame = this.frame.contentWindow
    if (!frame || source !== frame || origin !== "null" || data !== HELLO || this.port) return
    this.opening.end()
    const { port1, port2 } = new MessageChannel()
    this.port = port1
    port1.onmessage = ({ data: report }: MessageEvent<unknown>) => this.reported(report)
    frame.postMessage(HELLO, "*", [port2])
    if (this.program) this.send({ do: "run", program: this.program })
  }

  /**
   * A page of the browser's own has loaded in the frame, if the server cannot be reached. An answer
   * that leads to a second origin (RUN_ORIGIN) shows that it can. The app's policy forbids to follow
   * it.
   */
  private look(): void {
    if (this.port) return
    fetch(this.frame.src, { redirect: "manual" }).catch(() => {
      if (!this.port) this.fail(AWAY)
    })
  }

  run(program: Program): void {
    this.program = program
    if (this.port) this.send({ do: "run", program })
  }

  stop(): void {
    if (this.port) this.send({ do: "stop" })
    else if (this.program) {
      // the frame has not sent its first message, so only this code can report the end
      this.program = null
      this.hear({ is: "ended", outcome: "stopped", exit: null, ms: 0, isCut: false })
    }
  }

  /** Give the program the line that it waits for; null is the end of its input. */
  answer(text: string | null): void {
    this.send({ do: "line", text })
  }

  close(): void {
    this.isClosed = true
    this.opening.end()
    removeEventListener("message", this.greeted)
    this.port?.close()
    this.frame.remove()
  }

  private send(order: Order, moved: Transferable[] = []): void {
    this.port?.postMessage(order, moved)
  }

  private reported(given: unknown): void {
    const report = checkedReport(given)
    if (report?.is === "wanted") void this.bring(report.files)
    else if (report) this.hear(report)
  }

  private async bring(files: Wanted[]): Promise<void> {
    const total = files.reduce((sum, { bytes }) => sum + bytes, 0)
    let loaded = 0
    const came = (bytes: number) => {
      loaded += bytes
      this.hear({ is: "loading", loaded: Math.min(loaded, total), total })
    }
    try {
      await Promise.all(
        files.map(async ({ path }) => {
          const bytes = await load(path, came)
          this.send({ do: "file", path, bytes }, [bytes])
        }),
      )
    } catch (error) {
      this.fail(error instanceof Error ? error.message : String(error))
    }
  }

  /** Report a failure, unless another frame has taken the place of this one meanwhile. */
  private fail(message: string): void {
    if (this.isClosed) return
    this.hear({ is: "broken", message: `The language could not be loaded: ${message}.` })
  }
}
