// The runs of a session that the server has kept.
import { signal } from "@preact/signals"
import { ApiError, get, words } from "../../api"
import type { Run } from "../../types"

const NOT_FOUND = 404

export class KeptRuns {
  /** the known runs, newest first; null before the first answer */
  readonly history = signal<Run[] | null>(null)
  /** the number before which there are older runs; null if there are none */
  readonly older = signal<number | null>(null)
  /** why the last page could not be read; "" if it could */
  readonly problem = signal("")
  /** changes when screens that show the list have to read it again */
  readonly epoch = signal(0)
  /**
   * whether the newest page was read. Before that, `history` may have single runs, or runs from
   * before the connection was lost
   */
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
      // a run from before may have a removed text
      if (!this.hasRead) this.history.value = null
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
    if (before === null) this.begin(runs)
    this.keep(runs)
  }

  /** The newest page has come. Forget what is known from before, but no run that came meanwhile. */
  private begin(runs: readonly Run[]): void {
    const newest = runs[0]?.number ?? 0
    if (!this.hasRead)
      this.history.value = (this.history.peek() ?? []).filter(({ number }) => number > newest)
    this.hasRead = true
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

  /** A run as the server has it now; undefined if it is gone. */
  async now(number: number): Promise<Run | undefined> {
    const known = this.history.peek()?.find((run) => run.number === number)
    if (known && this.hasRead) return known
    const { forgotten } = this
    try {
      const { run } = await get<{ run: Run }>(`/session/${this.sessionId}/runs/${number}`)
      if (forgotten !== this.forgotten) return await this.now(number)
      this.keep([run])
      return run
    } catch (error) {
      if (error instanceof ApiError && error.status === NOT_FOUND) return undefined
      throw error
    }
  }

  /**
   * The page was without a connection, so runs may have changed. Screens that show them read them
   * again; until then, they show what is known.
   */
  expire(): void {
    if (this.history.peek() === null) return
    this.forgotten += 1
    this.hasRead = false
    this.epoch.value += 1
  }

  /**
   * Forget all runs, as in a page that was just opened. If there were any, read the newest ones
   * again.
   *
   * number  the run to return
   */
  async readAgain(number: number | undefined): Promise<Run | undefined> {
    const isEmpty = this.history.peek() === null && number === undefined
    this.forgotten += 1
    this.hasRead = false
    this.older.value = null
    this.history.value = null
    if (!isEmpty) await this.load()
    return number === undefined ? undefined : this.now(number)
  }

  keep(runs: Run[]): void {
    const known = new Map((this.history.peek() ?? []).map((run) => [run.number, run]))
    for (const run of runs) known.set(run.number, run)
    this.history.value = [...known.values()].sort((one, other) => other.number - one.number)
  }
}
