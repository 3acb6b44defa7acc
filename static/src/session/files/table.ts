// The table of a document's files: the root map "files", with one entry for each root text.
// docs/documents.md has its format. Any client may write it, so its values are checked.
import { MAIN_ROOT } from "../../lib/files"
import { repaired, TakenNames } from "./names"

export const TABLE_ROOT = "files"
/** The most entries that are read. A larger table is an attack or a mistake. */
const MAX_ENTRIES = 5000

export interface Entry {
  name: string
  order: number
  isDeleted: boolean
  /** the entry as it was written, with properties of other programs */
  written: Readonly<Record<string, unknown>>
}

/**
 * The table of a document.
 *
 * isForeign: the root "files" has something else. Then no file has an entry, and none can be made.
 */
export interface Table {
  entries: ReadonlyMap<string, Entry>
  isForeign: boolean
}

export const NO_TABLE: Table = { entries: new Map(), isForeign: false }

export interface SessionFile {
  root: string
  name: string
  /** its place among the files; Infinity if nobody has given it a place, so it is among the last */
  order: number
  isText: boolean
  isDeleted: boolean
  entry: Entry | undefined
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

function entryOf(value: unknown): Entry | null {
  if (!isRecord(value) || typeof value.name !== "string") return null
  const { name, order, deleted } = value
  const place = typeof order === "number" && Number.isFinite(order) ? order : Infinity
  return { name, order: place, isDeleted: deleted === true, written: value }
}

const byUnits = (one: string, other: string) => (one < other ? -1 : one > other ? 1 : 0)

/** Return the table that a map with these values contains. */
export function tableOf(values: ReadonlyMap<string, unknown>): Table {
  const entries = new Map<string, Entry>()
  for (const key of [...values.keys()].sort(byUnits).slice(0, MAX_ENTRIES)) {
    const entry = key === TABLE_ROOT ? null : entryOf(values.get(key))
    if (entry) entries.set(key, entry)
  }
  return { entries, isForeign: values.size > 0 && entries.size === 0 }
}

/** The known facts about a document: its table, and the names of its roots. */
export interface Known {
  table: Table
  texts: readonly string[]
  others: readonly string[]
}

/**
 * Whether a file is the main file without an entry, which comes before other files of its order.
 */
const isFirst = ({ root, entry }: SessionFile) => root === MAIN_ROOT && !entry

/**
 * Compare two files by their orders. Two equal orders need a case of their own, because Infinity
 * minus Infinity is not a number.
 */
const byOrder = (one: SessionFile, other: SessionFile) =>
  (one.order === other.order ? 0 : one.order - other.order) ||
  Number(isFirst(other)) - Number(isFirst(one))

/** The name of a file for which the table has none. It is made of the root's name. */
export const ownName = (root: string) => repaired(root) || "(no name)"

/**
 * All files of a document in their order, also the deleted ones.
 *
 * suffix: of the session's language, for the main file
 */
export function filesOf({ table, texts, others }: Known, suffix: string): SessionFile[] {
  const roots = new Set([...texts, ...others, ...table.entries.keys()])
  if (!table.isForeign) roots.delete(TABLE_ROOT)
  const files = [...roots].map((root): SessionFile => {
    const entry = table.entries.get(root)
    const isMain = root === MAIN_ROOT
    const own = isMain && !entry ? `main.${suffix}` : ownName(root)
    const given = repaired(entry?.name ?? "")
    return {
      root,
      name: given === "" ? own : given,
      order: entry?.order ?? (isMain ? 0 : Infinity),
      isText: !others.includes(root),
      isDeleted: entry?.isDeleted ?? false,
      entry,
    }
  })
  const names = uniqueNames(files)
  return files
    .sort(
      (one, other) => byOrder(one, other) || byUnits(one.name, other.name) || byRoot(one, other),
    )
    .map((file) => ({ ...file, name: names.get(file.root) ?? file.name }))
}

const byRoot = (one: SessionFile, other: SessionFile) => byUnits(one.root, other.root)

/** Names by root, all different. If two files have the same name, the later one gets a number. */
function uniqueNames(files: readonly SessionFile[]): Map<string, string> {
  const taken = new TakenNames()
  const shown = files.filter((file) => !file.isDeleted)
  shown.sort((one, other) => byOrder(one, other) || byRoot(one, other))
  return new Map(shown.map(({ root, name }) => [root, taken.claim(name)]))
}

/** The name of a file in an answer of the server. */
export interface FileName {
  root: string
  name: string
  deleted: boolean
}

/** The content of a document in an answer of the server. */
export interface Told {
  files: Readonly<Record<string, string>>
  documents: Readonly<Record<string, { value: unknown }>>
  /** missing in versions of servers that did not know names */
  names?: readonly FileName[]
}

/** All files of a document that the server has described, in their order. */
export function filesTold({ files, documents, names }: Told, suffix: string): SessionFile[] {
  const others = Object.keys(documents)
  if (!names) {
    const table = tableOf(new Map(Object.entries(Object(documents[TABLE_ROOT]?.value) as object)))
    return filesOf({ table, texts: Object.keys(files), others }, suffix)
  }
  const file = (root: string, name: string) => ({ root, name, order: 0, entry: undefined })
  return [
    ...names.map(({ root, name, deleted }) => ({
      ...file(root, name),
      isText: true,
      isDeleted: deleted,
    })),
    ...others.map((root) => ({ ...file(root, ownName(root)), isText: false, isDeleted: false })),
  ]
}
