// Plays a session: it keeps the position in the session's edits, and the texts at that position.
// It uses neither the screen nor the network.
import { signal } from "@preact/signals"
import { textOf } from "../lib/files"
import { itemAt } from "../lib/lists"

export type Edit = [root: number, at: number, deleted: number, inserted: string]
export type Step = [ms: number, author: number, edits: Edit[]]

/** The name of a file at a moment. */
export interface FileName {
  root: string
  name: string
  deleted: boolean
}

/** An answer of /code/:id/replay: the texts at `from`, and the changes of each update after it. */
export interface Page {
  from: number
  to: number
  at: string | null
  files: Record<string, string>
  roots: string[]
  authors: { id: string; username: string; avatar: string | null }[]
  steps: Step[]
  /** names of the roots that are not texts */
  others: string[]
  /** the files at `from` */
  names: FileName[]
  /** the steps that change names, by their index */
  renames: { step: number; names: FileName[] }[]
}

export interface Moment {
  sequence: number
  files: Record<string, string>
  at: number
  author: Page["authors"][number] | null
  root: string
  position: number
  /** names of the roots that the replay cannot show, because they are not texts */
  others: string[]
  /** the files with the names that they had then, by root */
  names: ReadonlyMap<string, FileName>
}

/** The speed of playing that the user has chosen. */
export interface Pace {
  speed: number
  skipsIdle: boolean
}

export const PAGE = 2000
const KEY_FRAME_EVERY = 250
const PAGES_KEPT = 12
const IDLE_MS = 2000
const IDLE_SHOWN_MS = 300

interface Loaded extends Page {
  times: number[]
  /** number of applied steps of this page -> the texts after them */
  frames: Map<number, Record<string, string>>
}

export function applyStep(
  page: Page,
  files: Record<string, string>,
  [, , edits]: Step,
): Record<string, string> {
  if (edits.length === 0) return files
  // an object without a prototype, so that assigning to `__proto__` adds a text
  const result = Object.assign(Object.create(null), files) as Record<string, string>
  for (const [root, at, deleted, inserted] of edits) {
    const name = itemAt(page.roots, root)
    const text = textOf(result, name)
    result[name] = text.slice(0, at) + inserted + text.slice(at + deleted)
  }
  return result
}

/** The names of the files after `applied` steps of a page. */
function namesAfter({ names, renames }: Page, steps: number): ReadonlyMap<string, FileName> {
  const until = renames.filter(({ step }) => step < steps)
  const all = [...names, ...until.flatMap((change) => change.names)]
  return new Map(all.map((file) => [file.root, file]))
}

export class Player {
  /** A signal, because the moment also changes when a requested page arrives later. */
  readonly moment = signal<Moment>({
    sequence: 0,
    files: {},
    at: 0,
    author: null,
    root: "",
    position: 0,
    others: [],
    names: new Map(),
  })
  private readonly pages = new Map<number, Loaded>()
  private readonly loading = new Map<number, Promise<Loaded>>()
  private wanted = 0
  private spare = 0

  constructor(
    readonly total: number,
    private readonly load: (from: number, to: number) => Promise<Page>,
  ) {}

  /** Go to the moment after `sequence` edits. If several calls overlap, the last one counts. */
  async seek(sequence: number): Promise<Moment> {
    const asked = (this.wanted = Math.max(0, Math.min(this.total, Math.round(sequence))))
    this.spare = 0
    const page = await this.page(this.start(asked))
    if (this.wanted === asked) this.moment.value = this.at(page, asked)
    return this.moment.value
  }

  /** Play for `ms` milliseconds of real time. Stops at a page that is not loaded yet. */
  advance(ms: number, { speed, skipsIdle }: Pace): void {
    const before = this.moment.peek().sequence
    this.spare += ms * speed
    let sequence = before
    let shown: Loaded | undefined
    while (sequence < this.total) {
      const page = this.pages.get(this.start(sequence + 1))
      if (!page) {
        void this.page(this.start(sequence + 1))
        this.spare = 0
        break
      }
      const wait = this.wait(page, sequence + 1 - page.from - 1, skipsIdle)
      if (wait > this.spare) break
      this.spare -= wait
      sequence += 1
      shown = page
    }
    if (!shown) return
    this.wanted = sequence
    this.moment.value = this.at(shown, sequence)
    if (sequence % PAGE > PAGE / 2 && sequence + PAGE / 2 < this.total)
      void this.page(this.start(sequence) + PAGE)
  }

  /** The log position at which the page with this edit begins. */
  private start(sequence: number): number {
    return Math.floor(Math.max(0, sequence - 1) / PAGE) * PAGE
  }

  private wait(page: Loaded, index: number, skipsIdle: boolean): number {
    const before = index > 0 ? itemAt(page.times, index - 1) : this.moment.peek().at
    const gap = before ? Math.max(0, itemAt(page.times, index) - before) : 0
    return skipsIdle && gap > IDLE_MS ? IDLE_SHOWN_MS : gap
  }

  private page(from: number): Promise<Loaded> {
    const known = this.pages.get(from)
    if (known) {
      this.pages.delete(from)
      this.pages.set(from, known)
      return Promise.resolve(known)
    }
    let coming = this.loading.get(from)
    if (!coming) {
      coming = this.load(from, Math.min(this.total, from + PAGE)).then((page) => this.keep(page))
      this.loading.set(from, coming)
      coming.finally(() => this.loading.delete(from)).catch(() => undefined)
    }
    return coming
  }

  private keep(page: Page): Loaded {
    let time = page.at ? Date.parse(page.at) : 0
    const times = page.steps.map(([ms]) => (time += ms))
    const loaded = { ...page, times, frames: new Map([[0, page.files]]) }
    this.pages.set(page.from, loaded)
    for (const oldest of this.pages.keys()) {
      if (this.pages.size <= PAGES_KEPT) break
      if (oldest !== page.from && oldest !== this.start(this.moment.peek().sequence))
        this.pages.delete(oldest)
    }
    return loaded
  }

  private at(page: Loaded, sequence: number): Moment {
    const steps = sequence - page.from
    let done = steps - (steps % KEY_FRAME_EVERY)
    while (done > 0 && !page.frames.has(done)) done -= KEY_FRAME_EVERY
    let files = page.frames.get(done) ?? page.files
    // start from the current position if it is nearer than the last key frame: fewer edits are
    // needed
    const here = this.moment.peek().sequence - page.from
    if (here > done && here <= steps) {
      done = here
      files = this.moment.peek().files
    }
    for (; done < steps;) {
      files = applyStep(page, files, itemAt(page.steps, done))
      done += 1
      if (done % KEY_FRAME_EVERY === 0) page.frames.set(done, files)
    }
    return this.describe(page, steps, files)
  }

  private describe(page: Loaded, steps: number, files: Record<string, string>): Moment {
    const step = page.steps[steps - 1]
    const edit = step?.[2].at(-1)
    return {
      sequence: page.from + steps,
      files,
      at: step ? itemAt(page.times, steps - 1) : page.at ? Date.parse(page.at) : 0,
      author: step ? (page.authors[step[1]] ?? null) : null,
      root: edit ? itemAt(page.roots, edit[0]) : "",
      position: edit ? edit[1] + edit[3].length : 0,
      others: page.others,
      names: namesAfter(page, steps),
    }
  }
}
