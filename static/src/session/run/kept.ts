// The runs of a session that the server has kept.
import { signal } from "@preact/signals"
import { get } from "../../api"
import type { Run } from "../../types"

export class KeptRuns {
  /** the known runs, newest first; null before the first answer */
  readonly history = signal<Run[] | null>(null)
  /** the number before which there are older runs; null if there are none */
  readonly older = signal<number | null>(null)
  /** whether the newest page was read; single runs may be in `list` before that */
  private hasRead = false

  constructor(private readonly sessionId: string) {}

  /** Read the newest runs, or the next older ones. */
  async load(before: number | null = null): Promise<void> {
    const query = before === null ? "" : `?before=${before}`
    const { runs, next } = await get<{ runs: Run[]; next: number | null }>(
      `/session/${this.sessionId}/runs${query}`,
    )
    if (before !== null || !this.hasRead) this.older.value = next
    this.hasRead = true
    this.keep(runs)
  }

  /** Read a run that this page does not know yet; null if the page knows it. */
  async read(number: number): Promise<Run | null> {
    if (this.history.peek()?.some((run) => run.number === number)) return null
    const { run } = await get<{ run: Run }>(`/session/${this.sessionId}/runs/${number}`)
    this.keep([run])
    return run
  }

  /** Forget all runs, as in a page that was just opened. */
  forget(): void {
    this.hasRead = false
    this.older.value = null
    this.history.value = null
  }

  /** Forget all runs, and read the newest ones again; return the one of this number among them. */
  async readAgain(number: number | undefined): Promise<Run | undefined> {
    this.forget()
    await this.load()
    return this.history.peek()?.find((run) => run.number === number)
  }

  keep(runs: Run[]): void {
    const known = new Map((this.history.peek() ?? []).map((run) => [run.number, run]))
    for (const run of runs) known.set(run.number, run)
    this.history.value = [...known.values()].sort((one, other) => other.number - one.number)
  }
}
