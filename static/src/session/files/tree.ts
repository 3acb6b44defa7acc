// Turns the files into the rows of a tree of folders, from top to bottom. It uses no screen.
import { foldersOf, folderOf, baseOf, nameKey } from "./names"
import type { SessionFile } from "./table"

interface Place {
  /** identifies this row among all rows */
  key: string
  /** the text of the row: the last part of its name */
  label: string
  /** the whole name of the file or folder */
  path: string
  /** 1 for rows that are in no folder */
  level: number
  /**
   * the number of rows directly in the same folder, and the position of this row among them, from 1
   */
  count: number
  index: number
}

export type TreeRow = Place &
  ({ kind: "file"; file: SessionFile } | { kind: "folder"; isOpen: boolean })

interface Folder {
  path: string
  folders: Map<string, Folder>
  files: SessionFile[]
}

const emptyFolder = (path: string): Folder => ({ path, folders: new Map(), files: [] })

function nested(files: readonly SessionFile[]): Folder {
  const top = emptyFolder("")
  for (const file of files) {
    let folder = top
    for (const path of foldersOf(file.name)) {
      const key = nameKey(path)
      const inner = folder.folders.get(key) ?? emptyFolder(path)
      folder.folders.set(key, inner)
      folder = inner
    }
    folder.files.push(file)
  }
  return top
}

const byLabel = (one: Folder, other: Folder) =>
  baseOf(one.path).localeCompare(baseOf(other.path), undefined, { numeric: true })

/** The key under which a folded folder is remembered. */
export const folderKey = (path: string): string => `folder ${nameKey(path)}`
export const fileKey = (root: string): string => `file ${root}`

/**
 * The rows of a tree: in each folder first its folders by name, then its files in their order.
 *
 * folded: the keys of folders whose content is not shown
 */
export function treeRows(
  files: readonly SessionFile[],
  folded: ReadonlySet<string> = new Set(),
): TreeRow[] {
  const rows: TreeRow[] = []
  const add = ({ folders, files: own }: Folder, level: number) => {
    const count = folders.size + own.length
    let index = 0
    for (const folder of [...folders.values()].sort(byLabel)) {
      const [key, path] = [folderKey(folder.path), folder.path]
      const isOpen = !folded.has(key)
      index += 1
      rows.push({ kind: "folder", key, label: baseOf(path), path, level, count, index, isOpen })
      if (isOpen) add(folder, level + 1)
    }
    for (const file of own) {
      const [key, path] = [fileKey(file.root), file.name]
      index += 1
      rows.push({ kind: "file", key, label: baseOf(path), path, level, count, index, file })
    }
  }
  add(nested(files), 1)
  return rows
}

/** The row of the folder that a row is in. */
export function parentOf(rows: readonly TreeRow[], row: TreeRow): TreeRow | undefined {
  const key = folderKey(folderOf(row.path))
  return rows.find((row) => row.key === key)
}

/** The next row after the current one whose label starts with the typed letters. */
export function startingWith(
  rows: readonly TreeRow[],
  at: number,
  letters: string,
): TreeRow | undefined {
  const typed = letters.toLowerCase()
  const turned = [...rows.slice(at + 1), ...rows.slice(0, at + 1)]
  return turned.find(({ label }) => label.toLowerCase().startsWith(typed))
}
