// Runs one program at a time, each in a new worker, so that a program finds no trace of another.
import { RunClock } from "./clock"
import { ENGINES, type Engine } from "./engines"
import { Images } from "./images"
import { IMAGE, type Program, type Report, type WorkerReport } from "./protocol"
import { Spare } from "./spare"
import { Store } from "./store"
import { imageOf, ProgramWorker } from "./worker"

type Tell = (report: Report, moved?: Transferable[]) => void

/**
 * The longest time that a program may run, in milliseconds. The app may ask for less, but not for
 * more.
 */
const LONGEST_MS = 60_000

export class Runner {
  private readonly store: Store
  private current: ProgramWorker | null = null
  /** the language of the program that runs; null while none does */
  private running: Engine | null = null
  private readonly spare = new Spare((engine: Engine) => this.make(engine))
  private readonly images = new Images(async (engine: Engine) => {
    const { code, assets } = await this.store.get(engine)
    return imageOf(code, assets)
  })
  private isAwaited = false
  private readonly clock = new RunClock(
    () => this.stop("timeout"),
    () => this.answer(null),
  )
  private asked = 0

  constructor(private readonly tell: Tell) {
    this.store = new Store((files) => tell({ is: "wanted", files }))
  }

  given(path: string, bytes: ArrayBuffer): void {
    this.store.given(path, bytes)
  }

  async run(program: Program): Promise<void> {
    const engine = ENGINES.get(program.language)
    const asked = ++this.asked
    if (!engine) {
      this.tell({ is: "broken", message: `${program.language} cannot run here` })
      return
    }
    try {
      const worker = await this.spare.take(engine)
      if (asked !== this.asked) {
        worker.end()
        return
      }
      this.current = worker
      await worker.ready
      if (this.current === worker) this.start(worker, program, engine)
    } catch (error) {
      if (asked === this.asked) this.tell({ is: "broken", message: String(error) })
    }
  }

  /** Stop the program, or the loading of its runtime. */
  stop(outcome: "stopped" | "timeout"): void {
    this.asked += 1
    const engine = this.running
    const ms = engine ? this.clock.end() : 0
    this.finish()
    this.tell({ is: "ended", outcome, exit: null, ms, isCut: false })
    if (engine) this.spare.keep(engine)
  }

  /** Give the program the line that it waits for; null is the end of its input. */
  answer(text: string | null): void {
    if (!this.isAwaited) return
    this.await(false)
    this.current?.answer(text)
  }

  private await(isAwaited: boolean): void {
    this.isAwaited = isAwaited
    this.clock.turn(isAwaited)
    this.tell({ is: "input", isAwaited })
  }

  private start(worker: ProgramWorker, program: Program, engine: Engine): void {
    this.running = engine
    this.tell({ is: "started" })
    this.clock.start(Math.min(program.limitMs, LONGEST_MS))
    worker.run(program, (report) => this.heard(report, engine))
  }

  private heard(report: WorkerReport, engine: Engine): void {
    if (report.is === "output") this.tell(report)
    else if (report.is === "picture") this.tell(report, [report.bytes])
    else if (report.is === "asking") this.await(true)
    else if (report.is !== "ready" && report.is !== "image") {
      this.finish()
      if (report.is === "broken") this.tell(report)
      else this.tell({ ...report, outcome: report.exit === 0 ? "done" : "failed" })
      this.spare.keep(engine)
    }
  }

  private finish(): void {
    this.clock.end()
    this.isAwaited = false
    this.current?.end()
    this.current = null
    this.running = null
  }

  private async make(engine: Engine): Promise<ProgramWorker> {
    const { code, assets } = await this.store.get(engine)
    const image = engine.hasImage ? await this.images.next(engine) : null
    return new ProgramWorker(code, image ? { ...assets, [IMAGE]: image } : assets)
  }
}
