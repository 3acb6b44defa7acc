// Runs JavaScript and TypeScript.
import { captureConsole, textOf } from "./console"
import { Modules } from "./modules"
import { serve, type Stage } from "./serve"
import { Timers } from "./timers"

/** The program ended itself by `process.exit`. */
class Exit extends Error {
  constructor(readonly code: number) {
    super(`exit ${code}`)
  }
}

/** Give the program what it expects of a terminal: `prompt` and `readline` read lines of the input. */
function offerInput(stdin: string, { output }: Stage): void {
  const lines = stdin === "" ? [] : stdin.replace(/\n$/, "").split("\n")
  const prompt = (question?: unknown) => {
    if (question !== undefined) output.write("out", textOf(question))
    return lines.shift() ?? null
  }
  const exit = (code = 0) => {
    throw new Exit(code)
  }
  const write = (to: "out" | "err") => ({
    write: (text: unknown) => output.write(to, String(text)),
  })
  const process = { exit, argv: [], env: {}, stdout: write("out"), stderr: write("err") }
  Object.assign(self, { prompt, readline: () => prompt(), process })
}

serve(() =>
  Promise.resolve(async (program, stage) => {
    const modules = new Modules(program)
    const timers = new Timers()
    const fail = (error: unknown) => {
      if (error instanceof Exit) return error.code
      stage.output.write("err", `${modules.describe(error)}\n`)
      return 1
    }
    captureConsole(stage.output)
    offerInput(program.stdin, stage)
    return new Promise<number>((end) => {
      const failed = (event: Event, error: unknown) => {
        event.preventDefault()
        end(fail(error))
      }
      self.addEventListener("error", (event) => failed(event, event.error))
      self.addEventListener("unhandledrejection", (event) => failed(event, event.reason))
      modules
        .run()
        .then(() => timers.idle())
        .then(
          () => end(0),
          (error: unknown) => end(fail(error)),
        )
    })
  }),
)
