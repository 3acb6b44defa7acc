// The frame's side of one worker.
import type { Assets, Program, Start, WorkerOrder, WorkerReport } from "./protocol"

/** A worker that loads a runtime and then runs one program. */
export class ProgramWorker {
  /** resolves when the runtime is loaded, with a copy of its memory if it is for that */
  readonly ready: Promise<ArrayBuffer | null>
  private readonly worker: Worker
  private readonly port: MessagePort
  private hear: (report: WorkerReport) => void = () => undefined

  constructor(code: ArrayBuffer, assets: Assets, isForImage = false) {
    const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }))
    // The worker is a classic one. In a page without an origin, a module cannot start from a blob.
    this.worker = new Worker(url)
    const { port1, port2 } = new MessageChannel()
    this.port = port1
    this.ready = new Promise((done, failed) => {
      this.hear = (report) => {
        if (report.is === "ready") done(null)
        else if (report.is === "image") done(report.bytes)
        else failed(new Error(report.is === "broken" ? report.message : report.is))
      }
      this.worker.onerror = (event) => failed(new Error(event.message || "its code cannot start"))
    })
    // a spare worker may fail while nobody waits for it; the run that takes it is told
    this.ready.catch(() => undefined)
    port1.onmessage = ({ data }: MessageEvent<WorkerReport>) => this.hear(data)
    const start: Start = { port: port2, assets, isForImage }
    this.worker.postMessage(start, [port2])
    // The address is needed until the worker has its code, which is before it answers.
    void this.ready.finally(() => URL.revokeObjectURL(url)).catch(() => undefined)
  }

  run(program: Program, hear: (report: WorkerReport) => void): void {
    this.hear = hear
    this.worker.onerror = null
    this.tell({ do: "run", program })
  }

  /** Give the program the line that it waits for; null is the end of its input. */
  answer(text: string | null): void {
    this.tell({ do: "line", text })
  }

  private tell(order: WorkerOrder): void {
    this.port.postMessage(order)
  }

  /** End the program, even if it is in a loop without end. */
  end(): void {
    this.port.close()
    this.worker.terminate()
  }
}

/** Return a copy of the memory of a runtime that is loaded and has run no program. */
export async function imageOf(code: ArrayBuffer, assets: Assets): Promise<ArrayBuffer> {
  const worker = new ProgramWorker(code, assets, true)
  try {
    const image = await worker.ready
    if (!image) throw new Error("the runtime makes no image")
    return image
  } finally {
    worker.end()
  }
}
