// The timeline: when each person typed, and the marks to jump to. Only `readTimeline` uses the
// network.
import { get } from "../api"
import { itemAt } from "../lib/lists"

export interface Entry {
  first: number
  sequence: number
  at: string
  until: string
  author: string
  inserted: number
  deleted: number
  paste?: number
}

export interface Mark {
  at: string
  kind: string
  sequence: number
  label: string
  /** the number of the run that it marks */
  run?: number
}

interface FileChange {
  change: string
  name: string
  oldName: string | null
}

export interface Author {
  id: string
  username: string
  avatar: string | null
  inserted: number
  deleted: number
  edits: number
}

interface Answer {
  sequence: number
  authors: Author[]
  entries: Entry[]
  marks: {
    at: string
    kind: string
    sequence?: number
    version?: number
    label?: string
    characters?: number
    number?: number
    outcome?: string
    count?: number
    changes?: FileChange[]
  }[]
  next: string | null
}

export interface Timeline {
  sequence: number
  authors: Author[]
  entries: Entry[]
  marks: Mark[]
}

/** The number of the last edit at or before a time, or 0. */
export function sequenceAt(entries: Entry[], time: number): number {
  let low = 0
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (Date.parse(itemAt(entries, middle).at) <= time) low = middle + 1
    else high = middle
  }
  return low ? itemAt(entries, low - 1).sequence : 0
}

const WORDS: Record<string, string> = {
  manual: "saved",
  auto: "auto version",
  restore: "restored",
  final: "final version",
  chat: "message",
}

const OUTCOMES: Record<string, string> = { timeout: "too long" }

/**
 * A text about the changes of files in an update. It names the first change and counts the others.
 */
function changesOf(changes: readonly FileChange[], count: number) {
  const [first] = changes
  if (!first) return "files changed"
  const { change, name, oldName } = first
  const what =
    change === "renamed" && oldName ? `renamed ${oldName} to ${name}` : `${change} ${name}`
  return count > 1 ? `${what}, and ${count - 1} more` : what
}

function labelOf(mark: Answer["marks"][number]) {
  const { kind, characters, version, label, number, outcome } = mark
  if (kind === "files") return changesOf(mark.changes ?? [], mark.count ?? 1)
  if (kind === "redacted") return `${characters ?? "some"} characters taken out`
  if (kind === "run") return `run ${number ?? ""}: ${OUTCOMES[outcome ?? ""] ?? outcome ?? ""}`
  return `${WORDS[kind] ?? kind}${version ? ` ${version}` : ""}${label ? `: ${label}` : ""}`
}

export function marksOf(answer: Answer, entries: Entry[]): Mark[] {
  const marks = answer.marks.map((mark) => ({
    at: mark.at,
    kind: mark.kind,
    sequence: mark.sequence ?? sequenceAt(entries, Date.parse(mark.at)),
    label: labelOf(mark),
    ...(mark.number !== undefined && { run: mark.number }),
  }))
  for (const entry of entries)
    if (entry.paste)
      marks.push({
        at: entry.at,
        kind: "paste",
        sequence: entry.sequence,
        label: `paste of ${entry.paste} characters`,
      })
  return marks.sort((a, b) => a.sequence - b.sequence)
}

/**
 * How much an author typed in each of `parts` parts of the session, each from 0 to 1.
 *
 * The scale is logarithmic. On a linear one, typing by hand would be invisible next to a paste of
 * 200,000 characters.
 */
export function track(entries: Entry[], author: string, total: number, parts: number): number[] {
  const sums = new Array<number>(parts).fill(0)
  for (const entry of entries) {
    if (entry.author !== author) continue
    const from = Math.floor(((entry.first - 1) / total) * parts)
    const to = Math.min(parts - 1, Math.floor(((entry.sequence - 1) / total) * parts))
    for (let part = from; part <= to; part++)
      sums[part] = (sums[part] ?? 0) + (entry.inserted + entry.deleted) / (to - from + 1)
  }
  const most = Math.log1p(Math.max(1, ...sums))
  return sums.map((sum) => (sum ? Math.max(0.15, Math.log1p(sum) / most) : 0))
}

export async function readTimeline(id: string): Promise<Timeline> {
  const first = await get<Answer>(`/code/${id}/timeline`)
  const entries = [...first.entries]
  for (let next = first.next; next;) {
    const more = await get<Answer>(`/code/${id}/timeline?after=${next}`)
    entries.push(...more.entries)
    next = more.next
  }
  const edits = new Map<string, number>()
  for (const entry of entries)
    edits.set(entry.author, (edits.get(entry.author) ?? 0) + entry.sequence - entry.first + 1)
  const authors = first.authors.map((author) => ({ ...author, edits: edits.get(author.id) ?? 0 }))
  return { sequence: first.sequence, authors, entries, marks: marksOf(first, entries) }
}
