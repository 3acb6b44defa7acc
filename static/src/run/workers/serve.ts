// The part that all workers share. It loads a runtime, runs one program, and reports the result.
import type { Assets, Program, Start, WorkerOrder, WorkerReport } from "../protocol"
import { Input } from "./input"
import { memoryBytes } from "./offline"
import { Output } from "./output"

/** What a running program may use to tell the page something. */
export interface Stage {
  output: Output
  input: Input
  picture: (type: string, bytes: ArrayBuffer) => void
}

/** Runs a program to its end; returns its exit code. */
export type Execute = (program: Program, stage: Stage) => Promise<number>

/**
 * Wait for the frame, load the runtime, run one program.
 *
 * The program shares this worker's globals. So reports go through a port that only this function
 * has, and the frame reads nothing else. Without the global `postMessage`, a program cannot flood
 * the frame either.
 *
 * `image` makes a copy of the runtime's memory, from which `prepare` can start.
 */
export function serve(
  prepare: (assets: Assets) => Promise<Execute>,
  image?: (assets: Assets) => Promise<ArrayBuffer>,
): void {
  const started = ({ data }: MessageEvent<Start>) => {
    const { port, assets, isForImage } = data
    const post = port.postMessage.bind(port)
    const send: Send = (report, moved = []) => post(report, moved)
    const broken = (error: unknown) => send({ is: "broken", message: String(error) })
    Reflect.deleteProperty(self, "postMessage")
    if (isForImage) {
      image?.(assets).then((bytes) => send({ is: "image", bytes }, [bytes]), broken)
      return
    }
    prepare(assets).then((execute) => {
      let input: Input | null = null
      port.onmessage = ({ data: order }: MessageEvent<WorkerOrder>) => {
        if (order.do === "line") {
          input?.given(order.text)
          return
        }
        const stage = stageOf(order.program, send)
        input = stage.input
        run(execute, order.program, stage, send).catch(broken)
      }
      send({ is: "ready" })
    }, broken)
  }
  self.addEventListener("message", started, { once: true })
}

type Send = (report: WorkerReport, moved?: Transferable[]) => void

function stageOf({ stdin, canAsk }: Program, send: Send): Stage {
  const output = new Output((pieces) => send({ is: "output", pieces }))
  const ask = () => {
    // the user must see the program's question, which is in the output
    output.flush()
    send({ is: "asking" })
  }
  const input = new Input(stdin, canAsk ? ask : null)
  const picture = (type: string, bytes: ArrayBuffer) =>
    send({ is: "picture", type, bytes }, [bytes])
  return { output, input, picture }
}

async function run(execute: Execute, program: Program, stage: Stage, send: Send): Promise<void> {
  const { output, input } = stage
  const now = performance.now.bind(performance)
  const began = now()
  const exit = await execute(program, stage)
  const ms = Math.round(now() - began - input.waitedMs)
  output.flush()
  // Browsers do not tell the memory of a worker, so nothing is said about JavaScript.
  const memory = memoryBytes()
  const known = memory === undefined ? {} : { memory }
  send({ is: "ended", exit, ms, isCut: output.isCut, ...known })
}
