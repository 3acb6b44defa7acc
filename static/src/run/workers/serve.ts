// The part that all workers have alike: it loads a runtime, runs one program, and reports.
import type { Assets, Program, Start, WorkerReport } from "../protocol"
import { Output } from "./output"

/** What a running program may use to tell the page something. */
export interface Stage {
  output: Output
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
 */
export function serve(prepare: (assets: Assets) => Promise<Execute>): void {
  const started = ({ data }: MessageEvent<Start>) => {
    const { port, assets } = data
    const post = port.postMessage.bind(port)
    const send = (report: WorkerReport, moved: Transferable[] = []) => post(report, moved)
    const broken = (error: unknown) => send({ is: "broken", message: String(error) })
    Reflect.deleteProperty(self, "postMessage")
    prepare(assets).then((execute) => {
      port.onmessage = ({ data: program }: MessageEvent<Program>) => {
        run(execute, program, send).catch(broken)
      }
      send({ is: "ready" })
    }, broken)
  }
  self.addEventListener("message", started, { once: true })
}

async function run(
  execute: Execute,
  program: Program,
  send: (report: WorkerReport, moved?: Transferable[]) => void,
): Promise<void> {
  const output = new Output((pieces) => send({ is: "output", pieces }))
  const now = performance.now.bind(performance)
  const began = now()
  const picture = (type: string, bytes: ArrayBuffer) =>
    send({ is: "picture", type, bytes }, [bytes])
  const exit = await execute(program, { output, picture })
  const ms = Math.round(now() - began)
  output.flush()
  send({ is: "ended", exit, ms, isCut: output.isCut })
}
