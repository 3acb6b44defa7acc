// The runs of a session that the server has kept.
import { signal } from "@preact/signals"
import { get, words } from "../../api"
import type { Run } from "../../types"

export class KeptRuns {
  /** the known runs, newest first; null before the first answer */
  readonly history = signal<Run[] | null>(null)
  /** the number before which there are older runs; null if there are none */
  readonly older = signal<number | null>(null)
  /** why the last page could not be read; "" if it could */
  readonly problem = signal("")
  /** whether the newest page was read; single runs may be in `history` before that */
  private hasRead = false
  /** how often all runs were forgotten: answers to earlier requests may have a removed text */
  private forgotten = 0

  constructor(private readonly sessionId: string) {}

  /** Read the newest runs, or the next older ones. */
  async load(before: number | null = null): Promise<void> {
    this.problem.value = ""
    try {
      await this.readPage(before)
    } catch (error) {
      this.problem.value = words(error)
      throw error
    }
  }

  private async readPage(before: number | null): Promise<void> {
    const { forgotten } = this
    const query = before === null ? "" : `?before=${before}`
    const { runs, next } = await get<{ runs: Run[]; next: number | null }>(
      `/session/${this.sessionId}/runs${query}`,
    )
    if (forgotten !== this.forgotten) {
      await this.readPage(null)
      return
    }
    if (before !== null || !this.hasRead) this.older.value = next
    this.hasRead = true
    this.keep(runs)
  }

  /** Read a run that this page does not know yet; null if the page knows it. */
  async read(number: number): Promise<Run | null> {
    if (this.history.peek()?.some((run) => run.number === number)) return null
    const { forgotten } = this
    const { run } = await get<{ run: Run }>(`/session/${this.sessionId}/runs/${number}`)
    if (forgotten !== this.forgotten) return this.read(number)
    this.keep([run])
    return run
  }

  /**
   * Forget all runs, as in a page that was just opened. If there were any, read the newest ones
   * again.
   *
   * number  the run to return, if it is among the newest ones
   */
  async readAgain(number: number | undefined): Promise<Run | undefined> {
    const isEmpty = this.history.peek() === null && number === undefined
    this.forgotten += 1
    this.hasRead = false
    this.older.value = null
    this.history.value = null
    if (!isEmpty) await this.load()
    return this.history.peek()?.find((run) => run.number === number)
  }

  keep(runs: Run[]): void {
    const known = new Map((this.history.peek() ?? []).map((run) => [run.number, run]))
    for (const run of runs) known.set(run.number, run)
    this.history.value = [...known.values()].sort((one, other) => other.number - one.number)
  }
}
