// Runs one program at a time, each in a new worker, so that a program finds no trace of another.
import { ENGINES, type Engine } from "./engines"
import type { Program, Report, WorkerReport } from "./protocol"
import { Store } from "./store"
import { ProgramWorker } from "./worker"

type Tell = (report: Report, moved?: Transferable[]) => void

/** How long a program may run at most, in milliseconds, whatever the app asks for. */
const LONGEST_MS = 60_000

export class Runner {
  private readonly store: Store
  private current: ProgramWorker | null = null
  /** a worker that has loaded its runtime already, for the next run in the same language */
  private spare: { engine: Engine; worker: ProgramWorker } | null = null
  private timer = 0
  private startedAt = 0
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
    this.startedAt = 0
    try {
      const worker = await this.take(engine)
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
    const ms = this.startedAt ? Math.round(performance.now() - this.startedAt) : 0
    this.finish()
    this.tell({ is: "ended", outcome, exit: null, ms, isCut: false })
  }

  private start(worker: ProgramWorker, program: Program, engine: Engine): void {
    this.startedAt = performance.now()
    this.tell({ is: "started" })
    const limitMs = Math.min(program.limitMs, LONGEST_MS)
    this.timer = window.setTimeout(() => {
      this.stop("timeout")
      void this.keepSpare(engine)
    }, limitMs)
    worker.run(program, (report) => this.heard(report, engine))
  }

  private heard(report: WorkerReport, engine: Engine): void {
    if (report.is === "output") this.tell(report)
    else if (report.is === "picture") this.tell(report, [report.bytes])
    else if (report.is !== "ready") {
      this.finish()
      if (report.is === "broken") this.tell(report)
      else this.tell({ ...report, outcome: report.exit === 0 ? "done" : "failed" })
      void this.keepSpare(engine)
    }
  }

  private finish(): void {
    clearTimeout(this.timer)
    this.current?.end()
    this.current = null
  }

  private async take(engine: Engine): Promise<ProgramWorker> {
    const { spare } = this
    this.spare = null
    if (spare?.engine === engine) return spare.worker
    spare?.worker.end()
    return this.make(engine)
  }

  private async make(engine: Engine): Promise<ProgramWorker> {
    const { code, assets } = await this.store.get(engine)
    return new ProgramWorker(code, assets)
  }

  private isBusy(): boolean {
    return this.spare !== null || this.current !== null
  }

  private async keepSpare(engine: Engine): Promise<void> {
    if (this.isBusy()) return
    const worker = await this.make(engine)
    // a run may have begun while the files came
    const isWanted = !this.isBusy()
    if (isWanted) this.spare = { engine, worker }
    else worker.end()
  }
}
