// The runs of an open session: the one of this browser, and those that the server has kept.
import { signal } from "@preact/signals"
import { get, post, words } from "../../api"
import type { Ending, Piece, Preview, Program } from "../../run/protocol"
import { OUTPUT_BYTES } from "../../run/protocol"
import type { Run } from "../../types"
import { tell } from "../../ui/announce"
import type { Heard, Host } from "./host"
import { sizeOf, whyNot } from "./languages"
import type { RunPresence } from "./types"
import { endOf, piecesOf, textOf } from "./words"

const TAIL = 1000
/** Milliseconds between two messages to the others about a running program. */
const TELL_MS = 500

export type Phase = "idle" | "loading" | "running"

/** A program of the session, and the root of its file. */
export interface Task extends Program {
  root: string
}

/** What the output shows. */
export interface Shown {
  name: string
  /** who ran it, if it was not this browser */
  by: string
  pieces: Piece[]
  pictures: string[]
  ending: Ending | null
  /** why it could not run; "" if it could */
  problem: string
  /** the page of an HTML file; null for programs */
  page: Preview | null
  /** another number for each run, so that each page gets a new frame */
  number: number
}

let number = 0

const fresh = (name: string): Shown => ({
  name,
  number: ++number,
  by: "",
  pieces: [],
  pictures: [],
  ending: null,
  problem: "",
  page: null,
})

export class Runs {
  readonly phase = signal<Phase>("idle")
  /** the loaded part of a runtime, from 0 to 1; null if nothing is loaded */
  readonly progress = signal<number | null>(null)
  readonly loads = signal("")
  readonly shown = signal<Shown | null>(null)
  /** the kept runs, newest first; null before the first answer */
  readonly history = signal<Run[] | null>(null)
  readonly older = signal<number | null>(null)
  private host: Host | null = null
  private task: Task | null = null
  private since = 0
  private toldAt = 0
  private telling = 0
  private length = 0

  constructor(
    private readonly sessionId: string,
    private readonly myId: string,
    private readonly say: (state: RunPresence) => void,
  ) {}

  destroy(): void {
    clearTimeout(this.telling)
    this.host?.close()
    this.forgetPictures()
  }

  /** Start a program, unless one runs. */
  async start(task: Task): Promise<void> {
    if (this.phase.peek() !== "idle") return
    this.task = task
    this.show(fresh(task.entry))
    const problem = whyNot(task.language)
    if (problem) this.change({ problem })
    else if (task.language === "html")
      this.change({ page: { files: task.files, entry: task.entry } })
    else await this.run(task)
  }

  private async run(task: Task): Promise<void> {
    this.phase.value = "loading"
    this.loads.value = sizeOf(task.language)
    this.length = 0
    const { Host } = await import("./host")
    this.host ??= new Host((heard) => this.heard(heard))
    const { language, files, entry, stdin, limitMs } = task
    this.host.run({ language, files, entry, stdin, limitMs })
  }

  stop(): void {
    this.host?.stop()
  }

  private heard(heard: Heard): void {
    if (this.phase.peek() === "idle") return
    if (heard.is === "loading") this.progress.value = heard.total && heard.loaded / heard.total
    else if (heard.is === "started") this.started()
    else if (heard.is === "output") this.add(heard.pieces)
    else if (heard.is === "picture") this.addPicture(heard.type, heard.bytes)
    else if (heard.is === "broken") this.broken(heard.message)
    else this.ended(heard)
  }

  private started(): void {
    this.phase.value = "running"
    this.progress.value = null
    this.since = Date.now()
    this.toldAt = 0
    this.tell("running")
  }

  private add(pieces: Piece[]): void {
    const shown = this.shown.peek()
    this.length += pieces.reduce((sum, { text }) => sum + text.length, 0)
    // the worker cuts the output; more than that does not come from our worker
    if (!shown || this.length > OUTPUT_BYTES) return
    const all = [...shown.pieces]
    for (const piece of pieces) {
      const last = all.at(-1)
      if (last?.to === piece.to) all[all.length - 1] = { to: last.to, text: last.text + piece.text }
      else all.push(piece)
    }
    this.change({ pieces: all })
    this.tell("running")
  }

  private addPicture(type: string, bytes: ArrayBuffer): void {
    const url = URL.createObjectURL(new Blob([bytes], { type }))
    this.change({ pictures: [...(this.shown.peek()?.pictures ?? []), url] })
  }

  /** The frame is given up, because a part of it may wait for ever. The next run makes a new one. */
  private broken(problem: string): void {
    this.idle()
    this.host?.close()
    this.host = null
    this.change({ problem })
  }

  private ended(ending: Ending): void {
    const hasRun = this.phase.peek() === "running"
    this.idle()
    this.change({ ending })
    if (!hasRun) return
    this.tell(ending.outcome)
    void this.report(ending)
  }

  private idle(): void {
    this.phase.value = "idle"
    this.progress.value = null
  }

  /** Tell the others the state now, or soon if they were told a moment ago. */
  private tell(state: RunPresence["state"]): void {
    clearTimeout(this.telling)
    const waitMs = state === "running" ? this.toldAt + TELL_MS - Date.now() : 0
    if (waitMs > 0) this.telling = window.setTimeout(() => this.tell(state), waitMs)
    else if (this.task) this.sayNow(this.task, state)
  }

  private sayNow({ root, language }: Task, state: RunPresence["state"]): void {
    this.toldAt = Date.now()
    const texts = this.shown.peek()?.pieces.map(({ text }) => text) ?? []
    this.say({ root, language, state, since: this.since, tail: texts.join("").slice(-TAIL) })
  }

  private async report({ outcome, exit, ms, isCut }: Ending): Promise<void> {
    const { task } = this
    const pieces = this.shown.peek()?.pieces ?? []
    if (!task) return
    const { root, language, entry, stdin } = task
    const output = { stdout: textOf(pieces, "out"), stderr: textOf(pieces, "err") }
    try {
      const body = { root, language, name: entry, stdin, ...output, exit, outcome, ms, isCut }
      const { run } = await post<{ run: Run }>(`/session/${this.sessionId}/runs`, body)
      this.keep([run])
    } catch (error) {
      tell(`The others cannot see this run. ${words(error)}`)
    }
  }

  /** A run was kept. If somebody else made it, show it here. */
  async noted(number: number): Promise<void> {
    if (this.history.peek()?.some((run) => run.number === number)) return
    const { run } = await get<{ run: Run }>(`/session/${this.sessionId}/runs/${number}`)
    this.keep([run])
    if (run.user.id === this.myId) return
    tell(`${run.user.username} ran ${run.name}. ${endOf(run)}.`)
    if (this.phase.peek() === "idle") this.showRun(run)
  }

  /** Show the output of a kept run. */
  showRun(run: Run): void {
    const { outcome, exit, ms, isCut } = run
    this.show({
      ...fresh(run.name),
      by: run.user.id === this.myId ? "" : run.user.username,
      pieces: piecesOf(run),
      ending: { outcome, exit, ms, isCut },
    })
  }

  /** Read the newest kept runs, or the next older ones. */
  async load(before: number | null = null): Promise<void> {
    const query = before === null ? "" : `?before=${before}`
    const { runs, next } = await get<{ runs: Run[]; next: number | null }>(
      `/session/${this.sessionId}/runs${query}`,
    )
    if (before !== null || this.history.peek() === null) this.older.value = next
    this.keep(runs)
  }

  private keep(runs: Run[]): void {
    const known = new Map((this.history.peek() ?? []).map((run) => [run.number, run]))
    for (const run of runs) known.set(run.number, run)
    this.history.value = [...known.values()].sort((one, other) => other.number - one.number)
  }

  private show(shown: Shown): void {
    this.forgetPictures()
    this.shown.value = shown
  }

  private change(part: Partial<Shown>): void {
    const shown = this.shown.peek()
    if (shown) this.shown.value = { ...shown, ...part }
  }

  private forgetPictures(): void {
    for (const url of this.shown.peek()?.pictures ?? []) URL.revokeObjectURL(url)
  }
}
