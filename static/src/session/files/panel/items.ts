// The actions on a row of the tree, for its menu and for the keyboard.
import { download } from "../../../lib/download"
import { announce } from "../../../ui/announce"
import type { Item } from "../../../ui/menu"
import type { LiveSession } from "../../live/live"
import type { View } from "../../view"
import { deleteFiles } from "../acts"
import { baseOf } from "../names"
import type { SessionFile } from "../table"
import type { TreeRow } from "../tree"

export interface Acting {
  live: LiveSession
  view: View
  /** whether files can be renamed, moved and deleted here */
  canChange: boolean
}

/** Whether a row can be moved and deleted. */
export const isOwn = (row: TreeRow, { canChange }: Acting): boolean =>
  canChange && (row.kind === "folder" || row.file.isText)

/**
 * Whether a row can be renamed. A map or a list of another app can be renamed once the table has an
 * entry for it.
 */
const hasName = (row: TreeRow, acting: Acting): boolean =>
  isOwn(row, acting) || (acting.canChange && row.kind === "file" && row.file.entry !== undefined)

/** Whether a row has any action, and so a menu. */
export const hasItems = (row: TreeRow, acting: Acting): boolean =>
  hasName(row, acting) || (row.kind === "file" && row.file.isText && acting.live.collab.ready.value)

/** The text files of a row: the file itself, or all files in the folder. */
function filesOfRow(row: TreeRow, { live }: Acting): SessionFile[] {
  const files = row.kind === "file" ? [row.file] : live.changes.within(row.path)
  return files.filter(({ isText }) => isText)
}

export function rename(row: TreeRow, acting: Acting): void {
  if (!hasName(row, acting)) return
  const { view } = acting
  if (row.kind === "file") view.startNaming({ what: "file", root: row.file.root })
  else view.startNaming({ what: "folder", path: row.path })
}

/** Delete a row. Return the roots of the deleted files. */
export function remove(row: TreeRow, acting: Acting): string[] {
  if (!isOwn(row, acting)) return []
  const files = filesOfRow(row, acting)
  deleteFiles(acting.live, acting.view, files)
  return files.map(({ root }) => root)
}

/** Move a file up or down in its folder. */
export function step(row: TreeRow, by: -1 | 1, acting: Acting): void {
  if (!isOwn(row, acting) || row.kind !== "file") return
  const hasMoved = acting.live.changes.step(row.file.root, by)
  const [way, end] = by === -1 ? ["up", "first"] : ["down", "last"]
  announce(hasMoved ? `${row.label} moved ${way}` : `${row.label} is the ${end} file here`)
}

const moves = (row: TreeRow, acting: Acting): Item[] => [
  { label: "Move up", icon: "up", keys: "Alt+↑", act: () => step(row, -1, acting) },
  { label: "Move down", icon: "down", keys: "Alt+↓", act: () => step(row, 1, acting) },
]

export function itemsOf(row: TreeRow, acting: Acting): Item[] {
  const { live, view } = acting
  const items: Item[] = []
  if (row.kind === "folder" && isOwn(row, acting))
    items.push({
      label: "New file here",
      icon: "plus",
      act: () => view.startNaming({ what: "new", folder: row.path }),
    })
  if (hasName(row, acting))
    items.push({
      label: "Rename or move…",
      icon: "pencil",
      keys: "F2",
      act: () => rename(row, acting),
    })
  if (row.kind === "file" && row.file.isText && live.collab.ready.value) {
    const text = () => live.collab.doc.getText(row.file.root).toJSON()
    items.push({
      label: "Download",
      icon: "export",
      act: () => download(baseOf(row.path), text()),
    })
    if (isOwn(row, acting)) items.push(...moves(row, acting))
  }
  if (isOwn(row, acting))
    items.push({
      label: row.kind === "folder" ? "Delete folder" : "Delete",
      icon: "trash",
      keys: "Delete",
      act: () => remove(row, acting),
    })
  return items
}
