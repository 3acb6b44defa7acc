// The runs of an open session: the one of this browser, and those that the server has kept.
import { computed, signal } from "@preact/signals"
import { post, words } from "../../api"
import { loadPart } from "../../lib/upgrade"
import type { Ending, Piece } from "../../run/protocol"
import { OUTPUT_BYTES } from "../../run/protocol"
import type { Run } from "../../types"
import { tell } from "../../ui/announce"
import type { Heard, Host } from "./host"
import { Typed } from "./typed"
import { KeptRuns } from "./kept"
import { runsHere, sizeOf, whyNobody } from "./languages"
import { RemoteRunner } from "./remote"
import { hasOutput, mayStay, whyRemoved } from "./redacted"
import { fresh, isOnlyHere, joined, ofKept, type Shown } from "./shown"
import type { Phase, Task } from "./task"
import { type Say, Telling } from "./telling"
import { aboutRun, piecesOf, textOf } from "./words"

const UNREADABLE = "The part of the app that runs programs could not be loaded. Try again."

export class Runs {
  readonly phase = signal<Phase>("idle")
  /** the loaded part of a runtime, from 0 to 1; null if nothing is loaded */
  readonly progress = signal<number | null>(null)
  readonly loads = signal("")
  /** the lines that the user types while their program runs */
  readonly typed = new Typed((line, echo) => {
    this.host?.answer(line)
    if (echo) this.add([{ to: "out", text: echo }])
  })
  /** the last run of this browser. It grows while the output shows another one. */
  private readonly own = signal<Shown | null>(null)
  /** a kept run that is shown instead; null if there is none */
  private readonly opened = signal<Shown | null>(null)
  readonly shown = computed(() => this.opened.value ?? this.own.value)
  /** whether a program of this browser runs, but the output shows a kept run instead */
  readonly hidesOwn = computed(() => this.phase.value !== "idle" && this.opened.value !== null)
  readonly kept: KeptRuns
  private isDestroyed = false
  private host: Host | null = null
  private readonly remote: RemoteRunner
  /** ends the request while the service runs a program; null at other times */
  private stopRemote: AbortController | null = null
  private task: Task | null = null
  /** the log position of the code that runs; undefined if it is not known */
  private position: Promise<number | undefined> = Promise.resolve(undefined)
  private since = 0
  private readonly telling: Telling
  private length = 0

  constructor(
    private readonly sessionId: string,
    private readonly myId: string,
    say: Say,
    /** finds the present log position */
    private readonly locate: () => Promise<number | undefined>,
  ) {
    this.telling = new Telling(say)
    this.kept = new KeptRuns(sessionId)
    this.remote = new RemoteRunner(sessionId)
  }

  destroy(): void {
    this.isDestroyed = true
    this.telling.stop()
    this.stopRemote?.abort()
    this.host?.close()
    this.forgetPictures()
  }

  /** Start a program, unless one runs. */
  async start(task: Task): Promise<void> {
    if (this.phase.peek() !== "idle") return
    this.task = task
    this.forgetPictures()
    this.own.value = { ...fresh(task.entry), again: task.again }
    this.opened.value = null
    const problem = whyNobody(task.language)
    if (problem) this.change({ problem })
    else if (task.language === "html")
      this.change({ page: { files: task.files, entry: task.entry } })
    else if (runsHere(task.language)) await this.run(task)
    else await this.runRemotely(task)
  }

  /** Let the service run a program that this browser cannot run. */
  private async runRemotely(task: Task): Promise<void> {
    const stop = (this.stopRemote = new AbortController())
    this.phase.value = "loading"
    this.loads.value = ""
    try {
      const problem = await this.remote.whyNot(task.language)
      // the service gets the server's texts, so the server must have this page's edits first
      if (!problem && !task.again) await this.locate()
      if (stop.signal.aborted || this.isDestroyed) return
      if (problem) {
        this.broken(problem)
        return
      }
      this.started()
      const { run, memoryBytes } = await this.remote.run(task, stop.signal)
      this.idle()
      this.telling.end()
      this.kept.keep([run])
      const ending = { ...run, ...(memoryBytes === null ? {} : { memory: memoryBytes }) }
      this.change({ pieces: piecesOf(run), ending, isRemote: true, reported: run })
    } catch (error) {
      if (!stop.signal.aborted) this.broken(words(error))
    }
  }

  private async run(task: Task): Promise<void> {
    this.phase.value = "loading"
    this.loads.value = sizeOf(task.language)
    this.length = 0
    this.typed.begin()
    this.position = task.again ? Promise.resolve(task.again.sequence) : this.locate()
    // meanwhile, the user may leave the page, or stop this run and start another one
    const isWanted = () => !this.isDestroyed && this.task === task && this.phase.peek() !== "idle"
    try {
      const { Host } = await loadPart(() => import("./host"))
      if (!isWanted()) return
      this.host ??= new Host((heard) => this.heard(heard))
    } catch {
      if (isWanted()) this.broken(UNREADABLE)
      return
    }
    const { language, files, entry, stdin, limitMs, canAsk = false } = task
    this.host.run({ language, files, entry, stdin, limitMs, canAsk })
  }

  stop(): void {
    if (this.phase.peek() === "idle") return
    if (this.stopRemote) this.endRemote(this.stopRemote)
    else if (this.host) this.host.stop()
    else this.ended({ outcome: "stopped", exit: null, ms: 0, isCut: false })
  }

  /** Stop waiting for the service. The server ends the request and keeps no run of it. */
  private endRemote(stop: AbortController): void {
    const ms = this.phase.peek() === "running" ? Date.now() - this.since : 0
    stop.abort()
    this.idle()
    this.telling.end()
    this.change({ ending: { outcome: "stopped", exit: null, ms, isCut: false } })
  }

  /** Show the last run of this browser again. */
  showOwn(): void {
    this.opened.value = null
  }

  private heard(heard: Heard): void {
    if (this.phase.peek() === "idle") {
      // the frame failed after the user stopped waiting for it
      if (heard.is === "broken") this.closeHost()
    } else if (heard.is === "loading")
      this.progress.value = heard.total && heard.loaded / heard.total
    else if (heard.is === "started") this.started()
    else if (heard.is === "output") this.add(heard.pieces)
    else if (heard.is === "input") this.typed.waits(heard.isAwaited)
    else if (heard.is === "picture") this.addPicture(heard.type, heard.bytes)
    else if (heard.is === "broken") this.broken(heard.message)
    else this.ended(heard)
  }

  private started(): void {
    this.phase.value = "running"
    this.progress.value = null
    this.since = Date.now()
    if (this.task) this.telling.begin(this.task, this.since)
  }

  private add(pieces: Piece[]): void {
    const own = this.own.peek()
    this.length += pieces.reduce((sum, { text }) => sum + text.length, 0)
    // the worker cuts the output, so a longer output does not come from our worker
    if (!own || this.length > OUTPUT_BYTES) return
    const all = joined(own.pieces, pieces)
    this.change({ pieces: all })
    this.telling.tell(all)
  }

  private addPicture(type: string, bytes: ArrayBuffer): void {
    const url = URL.createObjectURL(new Blob([bytes], { type }))
    this.change({ pictures: [...(this.own.peek()?.pictures ?? []), url] })
  }

  /** Remove the frame, because a part of it may wait for ever. The next run makes a new frame. */
  private broken(problem: string): void {
    const hasRun = this.phase.peek() === "running"
    this.idle()
    this.closeHost()
    this.change({ problem })
    this.showOwn()
    if (hasRun) this.telling.end()
  }

  private closeHost(): void {
    this.host?.close()
    this.host = null
  }

  private ended(ending: Ending): void {
    const hasRun = this.phase.peek() === "running"
    this.idle()
    this.change({ ending })
    if (!hasRun) return
    this.telling.end()
    void this.report(ending)
  }

  private idle(): void {
    this.stopRemote = null
    this.phase.value = "idle"
    this.progress.value = null
    this.typed.waits(false)
  }

  private async report({ outcome, exit, ms, isCut }: Ending): Promise<void> {
    const { task, position } = this
    const pieces = this.own.peek()?.pieces ?? []
    if (!task) return
    const { root, language, entry } = task
    const stdin = task.stdin + this.typed.text
    const output = { stdout: textOf(pieces, "out"), stderr: textOf(pieces, "err") }
    try {
      const ending = { exit, outcome, ms, isCut, sequence: await position }
      const body = { root, language, name: entry, stdin, ...output, ...ending }
      const { run } = await post<{ run: Run }>(`/session/${this.sessionId}/runs`, body)
      this.kept.keep([run])
      // meanwhile, the user may have started another program
      if (this.task === task) this.change({ reported: run })
    } catch (error) {
      tell(`The others cannot see this run. ${words(error)}`)
    }
  }

  /** A run was kept. If somebody else made it, show it here. */
  async noted(number: number): Promise<void> {
    const run = await this.kept.read(number)
    if (!run || run.user.id === this.myId) return
    const { what, end } = aboutRun(run)
    tell(`${run.user.username} ran ${what}. ${end}.`)
    if (this.phase.peek() === "idle" && !isOnlyHere(this.shown.peek())) this.showRun(run)
  }

  /** Texts of kept runs were removed. Show none of them any more. */
  async changed(): Promise<void> {
    const [task, number] = [this.task, this.opened.peek()?.kept]
    this.opened.value = null
    try {
      const run = await this.kept.readAgain(number)
      // meanwhile, this user may have started a program, or another run may be shown
      if (run && this.task === task && this.opened.peek() === null) this.showRun(run)
    } finally {
      await this.checkOwn(true)
    }
  }

  /** The connection is back. Texts may have been removed without a message to this page. */
  async reconnected(): Promise<void> {
    const opened = this.opened.peek()
    this.kept.expire()
    await this.checkOwn(false)
    const run = opened && (await this.kept.now(opened.kept).catch(() => undefined))
    if (this.opened.peek() === opened) this.opened.value = run ? ofKept(run, this.myId) : null
  }

  /** Remove the output of this browser's last run if it has, or may have, a removed text. */
  private async checkOwn(isRedacted: boolean): Promise<void> {
    const own = this.own.peek()
    if (!own || this.phase.peek() !== "idle" || !hasOutput(own)) return
    if (await mayStay(this.kept, own.reported, isRedacted)) return
    if (this.own.peek() !== own) return
    this.forgetPictures()
    this.own.value = { ...fresh(own.name), problem: whyRemoved(own.reported) }
  }

  /** Show the output of a kept run. */
  showRun(run: Run): void {
    this.opened.value = ofKept(run, this.myId)
  }

  private change(part: Partial<Shown>): void {
    const own = this.own.peek()
    if (own) this.own.value = { ...own, ...part }
  }

  private forgetPictures(): void {
    for (const url of this.own.peek()?.pictures ?? []) URL.revokeObjectURL(url)
  }
}
