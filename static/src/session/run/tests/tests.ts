// The tests of an open session: their list, and the results of the last time that they ran here.
import { signal } from "@preact/signals"
import { del, get, patch, post, words } from "../../../api"
import { loadPart } from "../../../lib/upgrade"
import type { ProgramTest, Run } from "../../../types"
import { announce, tell } from "../../../ui/announce"
import type { KeptRuns } from "../kept"
import { mayStay } from "../redacted"
import type { Subject } from "./programs"
import type { Result } from "./results"
import type { Report, runTest as RunTestFunction } from "./round"
import type { TestRunner } from "./runner"

/** The content of a test's form. */
export type Written = Omit<ProgramTest, "id" | "damaged">

/** The test in the form; `test` is null for a new test. */
export interface Draft {
  test: ProgramTest | null
  first: Written
  written: Written
}

/** Finds the file of a test. Returns a text if it cannot run. */
export type Find = (root: string) => Subject | string

type RunTest = typeof RunTestFunction

interface Listed {
  tests: ProgramTest[]
  isStaff: boolean
}

const UNREADABLE = "The part of the app that runs programs could not be loaded. Try again."

export class Tests {
  /** null before the first answer */
  readonly list = signal<ProgramTest[] | null>(null)
  /** whether this user gets hidden tests, too */
  readonly isStaff = signal(false)
  /** the test in the form, which stays there while the user looks at other tabs; null if none */
  readonly draft = signal<Draft | null>(null)
  /** the name of the test that runs; null if none does */
  readonly running = signal<string | null>(null)
  /** the results of this browser; null if it has none */
  readonly results = signal<Result[] | null>(null)
  /** the number of the run with these results; 0 if the server has not kept it */
  readonly ranAs = signal(0)
  /** the run with these results, as it was when the server got it; null if it has not kept it */
  private reported: Run | null = null
  private runner: TestRunner | null = null
  private isStopped = false

  constructor(private readonly sessionId: string) {}

  destroy(): void {
    this.isStopped = true
    this.runner?.close()
  }

  private get path(): string {
    return `/session/${this.sessionId}/tests`
  }

  async load(): Promise<void> {
    this.take(await get<Listed>(this.path))
  }

  /** Read the tests again after somebody has changed them, but only if they were read before. */
  async noted(): Promise<void> {
    if (this.list.peek() !== null) await this.load()
  }

  /** Remove the results of this browser if they have, or may have, a removed text. */
  async checkResults(known: KeptRuns, isRedacted: boolean): Promise<void> {
    const results = this.results.peek()
    if (results === null || this.running.peek() !== null) return
    if (await mayStay(known, this.reported, isRedacted)) return
    if (this.results.peek() !== results) return
    this.results.value = null
    tell("Text was removed from this session, so the results of your tests are not shown any more.")
  }

  private take({ tests, isStaff }: Listed): void {
    this.list.value = tests
    this.isStaff.value = isStaff
  }

  /** Open the form with a test, or with a new one for this file. */
  edit(test: ProgramTest | null, root: string): void {
    const first: Written = {
      kind: test?.kind ?? "case",
      name: test?.name ?? "",
      root: test && test.root !== "" ? test.root : root,
      input: test?.input ?? "",
      expected: test?.expected ?? "",
      source: test?.source ?? "",
      isHidden: test?.isHidden ?? false,
    }
    this.draft.value = { test, first, written: first }
  }

  /** Keep the content of the form; null closes the form. */
  keepDraft(draft: Draft | null): void {
    this.draft.value = draft
  }

  /** Add a test, or change the one with this id. */
  async save(id: string | null, written: Written): Promise<void> {
    // Only staff may say whether a test is hidden.
    const { isHidden, ...rest } = written
    const body = this.isStaff.peek() ? { ...rest, isHidden } : rest
    if (id === null) await post(this.path, body)
    else await patch(`${this.path}/${id}`, body)
    await this.load()
  }

  async remove(id: string): Promise<void> {
    await del(`${this.path}/${id}`)
    await this.load()
  }

  /**
   * Move a test before or behind its neighbour among the tests that the screen shows. Tests that it
   * does not show keep their places, so each move can be seen.
   */
  async move(id: string, by: -1 | 1, shown: readonly ProgramTest[]): Promise<void> {
    const ids = shown.map((test) => test.id)
    const at = ids.indexOf(id)
    const other = ids[at + by]
    if (at < 0 || other === undefined) return
    const pair = by < 0 ? [id, other] : [other, id]
    this.take(await post<Listed>(`${this.path}/order`, { ids: pair }))
  }

  stop(): void {
    this.isStopped = true
    this.runner?.stop()
  }

  /** Read the tests if they were not read yet, and run them. */
  async runAll(find: Find): Promise<void> {
    try {
      if (this.list.peek() === null) await this.load()
    } catch (error) {
      tell(`The tests cannot be read. ${words(error)}`)
      return
    }
    if (this.list.peek()?.length === 0) tell("This session has no tests yet.")
    await this.run(find)
  }

  /** Run all tests, one after another, and report the results. */
  async run(find: Find): Promise<void> {
    const tests = this.list.peek() ?? []
    if (this.running.peek() !== null || tests.length === 0) return
    this.isStopped = false
    this.running.value = ""
    this.results.value = []
    this.ranAs.value = 0
    this.reported = null
    const parts = await this.parts()
    if (!parts) {
      this.running.value = null
      return
    }
    const results = await this.all(tests, find, parts)
    this.running.value = null
    announce(`${parts.summaryOf(results)}.`)
    if (results.length > 0 && !this.wasStopped())
      await this.report(parts.reportOf(tests, find, results))
  }

  /** Load what runs tests, which a session does not need before. */
  private async parts() {
    try {
      const [{ TestRunner }, round] = await loadPart(() =>
        Promise.all([import("./runner"), import("./round")]),
      )
      this.runner ??= new TestRunner()
      return { ...round, runner: this.runner }
    } catch {
      tell(UNREADABLE)
      return null
    }
  }

  /** Run tests until the user stops them, and return the results. */
  private async all(
    tests: ProgramTest[],
    find: Find,
    { runTest, runner }: { runTest: RunTest; runner: TestRunner },
  ): Promise<Result[]> {
    let results: Result[] = []
    for (const test of tests) {
      if (this.wasStopped()) break
      this.running.value = test.name
      results = [...results, ...(await runTest(test, find(test.root), runner))]
      this.results.value = results
    }
    return results
  }

  private wasStopped(): boolean {
    return this.isStopped
  }

  /** Send the report of a run to the server, so that everybody sees it. */
  private async report(body: Report | null): Promise<void> {
    if (!body) return
    try {
      const { run } = await post<{ run: Run }>(`/session/${this.sessionId}/runs`, body)
      this.ranAs.value = run.number
      this.reported = run
    } catch (error) {
      tell(`The others cannot see these results. ${words(error)}`)
    }
  }
}
