// Changes of a document's files. Each change is one transaction, so others never see half of it.
import type * as Y from "yjs"
import { MAIN_ROOT } from "../../lib/files"
import { baseOf, folderOf, inFolder, nameKey, TakenNames, whyInvalid } from "./names"
import { type Entry, type SessionFile, TABLE_ROOT } from "./table"
import { canWriteTable } from "./watched"

const LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"

/**
 * The name of a root for a new file. Two people who create files at the same time get different
 * names.
 */
function newRoot(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12))
  return `f-${Array.from(bytes, (byte) => LETTERS[byte % LETTERS.length]).join("")}`
}

/** What a change writes: some fields of some entries. */
type Fields = Partial<Pick<Entry, "name" | "order" | "isDeleted">>

export class FileChanges {
  /** files: all files of the document, also the deleted ones */
  constructor(
    private readonly doc: Y.Doc,
    private readonly files: () => SessionFile[],
  ) {}

  /** Whether files can have entries. They cannot if another program uses the table's root. */
  canChange(): boolean {
    return canWriteTable(this.doc)
  }

  /** The names in use, except those of the given roots. */
  taken(except: readonly string[] = []): TakenNames {
    const others = this.files().filter((file) => !file.isDeleted && !except.includes(file.root))
    return new TakenNames(others.map(({ name }) => name))
  }

  /** Create a file with a valid name that nobody uses. Return its root. */
  create(name: string, text = ""): string {
    const root = newRoot()
    const orders = this.files().map((file) => (Number.isFinite(file.order) ? file.order : 0))
    const order = Math.floor(Math.max(0, ...orders)) + 1
    this.doc.transact(() => {
      this.set(root, { name, order })
      if (text) this.doc.getText(root).insert(0, text)
    })
    return root
  }

  /** Give a file another name, which may be in another folder. */
  rename(root: string, name: string): void {
    this.write(new Map([[root, { name }]]))
  }

  /** The files in a folder and in all folders below it. */
  within(folder: string): SessionFile[] {
    const start = nameKey(`${folder}/`)
    return this.files().filter((file) => !file.isDeleted && nameKey(file.name).startsWith(start))
  }

  /** The new names of a folder's files if the folder gets another name. */
  private moved(folder: string, target: string): Map<string, string> {
    return new Map(
      this.within(folder).map(({ root, name }) => [root, target + name.slice(folder.length)]),
    )
  }

  /** Why a folder cannot have another name; "" if it can. */
  whyNotFolder(folder: string, target: string): string {
    const names = this.moved(folder, target)
    const taken = this.taken([...names.keys()])
    for (const name of names.values()) {
      const why = whyInvalid(name) || taken.why(name)
      if (why) return why
    }
    return ""
  }

  renameFolder(folder: string, target: string): void {
    const names = this.moved(folder, target)
    this.write(new Map([...names].map(([root, name]) => [root, { name }])))
  }

  remove(roots: readonly string[]): void {
    this.write(new Map(roots.map((root) => [root, { isDeleted: true }])))
  }

  /**
   * Show deleted files again. A name that is in use now gets a number. Files that somebody else has
   * brought back already stay unchanged.
   */
  bringBack(roots: readonly string[]): void {
    const taken = this.taken()
    const fields = new Map<string, Fields>()
    const gone = this.files().filter((file) => file.isDeleted && roots.includes(file.root))
    for (const { root, name } of gone) {
      fields.set(root, { isDeleted: false, name: taken.claim(name) })
    }
    this.write(fields)
  }

  /**
   * Put a file into a folder, before the file `before`, or at the end of the folder if that is
   * null. The caller has checked that its name is free there.
   */
  place(root: string, folder: string, before: string | null): void {
    const file = this.files().find((file) => file.root === root)
    if (!file) return
    const name = inFolder(folder, baseOf(file.name))
    const siblings = this.siblings(folder, root)
    const at =
      before === null ? siblings.length : siblings.findIndex((sibling) => sibling.root === before)
    const fields = ordered(file, siblings, at === -1 ? siblings.length : at)
    if (name !== file.name) fields.set(root, { ...fields.get(root), name })
    this.write(fields)
  }

  /** Move a file by one place among the files of its folder. Return whether it could move. */
  step(root: string, by: -1 | 1): boolean {
    const file = this.files().find((file) => file.root === root)
    if (!file) return false
    const folder = folderOf(file.name)
    const all = this.siblings(folder, "")
    const at = all.findIndex((file) => file.root === root) + by
    if (at < 0 || at >= all.length) return false
    const rest = all.filter((file) => file.root !== root)
    this.place(root, folder, rest[at]?.root ?? null)
    return true
  }

  /** The files that are directly in a folder, without one of them. */
  private siblings(folder: string, except: string): SessionFile[] {
    const key = nameKey(folder)
    return this.files().filter(
      (file) => !file.isDeleted && file.root !== except && nameKey(folderOf(file.name)) === key,
    )
  }

  private write(fields: ReadonlyMap<string, Fields>): void {
    if (fields.size > 0)
      this.doc.transact(() => fields.forEach((entry, root) => this.set(root, entry)))
  }

  /** Write an entry. It keeps the properties that other programs have given it. */
  private set(root: string, { name, order, isDeleted }: Fields): void {
    const file = this.files().find((file) => file.root === root)
    const { deleted, ...written } = file?.entry?.written ?? {}
    const own = file && Number.isFinite(file.order) ? file.order : this.files().length
    this.doc.getMap(TABLE_ROOT).set(root, {
      ...written,
      name: name ?? file?.name ?? root,
      order: order ?? own,
      ...((isDeleted ?? deleted === true) && { deleted: true }),
    })
  }
}

/**
 * Whether a file has a fixed place, which no entry can change: its neighbours get numbers around
 * it.
 */
const isFixed = ({ root, entry }: SessionFile) => root === MAIN_ROOT && !entry

/**
 * Return the new orders, by root, that put a file at a place among others. If there is a number
 * between the orders of its new neighbours, only this file gets a new order. Otherwise all files
 * get new orders, except a main file without an entry, whose order is 0. It gets no entry, because
 * an entry would also fix its name. Without one, its name follows the session's language.
 */
function ordered(file: SessionFile, siblings: SessionFile[], at: number): Map<string, Fields> {
  const [before, after] = [siblings[at - 1]?.order, siblings[at]?.order]
  const order = between(before, after)
  if (order !== null && !isFixed(file)) return new Map([[file.root, { order }]])
  const all = siblings.toSpliced(at, 0, file)
  const fixed = Math.max(0, all.findIndex(isFixed))
  return new Map(
    all.flatMap((file, index) => (isFixed(file) ? [] : [[file.root, { order: index - fixed }]])),
  )
}

/** A number between two orders; null if no number fits between them. */
function between(before: number | undefined, after: number | undefined): number | null {
  if (before === undefined) return after === undefined ? 0 : Number.isFinite(after) ? after - 1 : 0
  if (!Number.isFinite(before)) return null
  if (after === undefined || !Number.isFinite(after)) return before + 1
  const middle = (before + after) / 2
  return before < middle && middle < after ? middle : null
}
