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

/**
 * The promises of lines that the program has asked for. The program has not ended while one of them
 * is pending.
 */
const asked = new Set<Promise<string | null>>()

/**
 * What the user is told if their program fails after `prompt` had no line. In a page, `prompt` waits
 * for the user, but a worker cannot.
 */
const NO_LINE =
  'prompt() found no line. Write lines into "Input" and run again, or use: await readLine()\n'

/** Whether `prompt` had no line. */
let lacksLine = false

/**
 * Give the program the functions that read lines of the input, as a terminal's programs have them.
 */
function offerInput({ output, input }: Stage): void {
  const prompt = (question?: unknown) => {
    if (question !== undefined) output.write("out", textOf(question))
    const line = input.next()
    lacksLine ||= line === null
    return line
  }
  const readLine = (question?: unknown) => {
    if (question !== undefined) output.write("out", textOf(question))
    const line = input.line()
    asked.add(line)
    void line.finally(() => asked.delete(line))
    return line
  }
  const exit = (code = 0) => {
    throw new Exit(code)
  }
  const write = (to: "out" | "err") => ({
    write: (text: unknown) => output.write(to, String(text)),
  })
  const process = { exit, argv: [], env: {}, stdout: write("out"), stderr: write("err") }
  Object.assign(self, { prompt, readLine, readline: () => prompt(), process })
}

/** Resolve when the program waits for no timer and no line. */
async function idle(timers: Timers): Promise<void> {
  await timers.idle()
  while (asked.size > 0) {
    await Promise.all(asked)
    await timers.idle()
  }
}

serve(() =>
  Promise.resolve(async (program, stage) => {
    const modules = new Modules(program)
    const timers = new Timers()
    const fail = (error: unknown) => {
      if (error instanceof Exit) return error.code
      stage.output.write("err", `${modules.describe(error)}\n`)
      // the input of a test is fixed, so nobody could write more lines
      if (lacksLine && program.canAsk) stage.output.write("err", NO_LINE)
      return 1
    }
    captureConsole(stage.output)
    offerInput(stage)
    return new Promise<number>((end) => {
      const failed = (event: Event, error: unknown) => {
        event.preventDefault()
        end(fail(error))
      }
      self.addEventListener("error", (event) => failed(event, event.error))
      self.addEventListener("unhandledrejection", (event) => failed(event, event.reason))
      modules
        .run()
        .then(() => idle(timers))
        .then(
          () => end(0),
          (error: unknown) => end(fail(error)),
        )
    })
  }),
)
