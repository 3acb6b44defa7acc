// Dragging rows of the tree to another place, and files of the user's computer into the tree.
import { useRef, useState } from "preact/hooks"
import { announce, tell } from "../../../ui/announce"
import { baseOf, folderOf, inFolder, nameKey, whyInvalid } from "../names"
import type { TreeRow } from "../tree"
import type { Acting } from "./items"
import type { Where } from "./row"

interface Drop {
  /** the row over which the pointer is; null below all rows */
  row: TreeRow | null
  where: Where
}

export interface Dropping extends Acting {
  /** called when files of the user's computer were dropped; "" for no folder */
  onUpload: (data: DataTransfer, folder: string) => void
}

/** The type of a dragged row. It is not plain text, because the editor would insert plain text. */
const ROW_TYPE = "application/x-file-row"

/** Whether the user drags files of their computer, and not a row. */
const isUpload = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false

/** The folder into which a drop goes. */
const folderOfDrop = ({ row }: Drop): string =>
  row === null ? "" : row.kind === "folder" ? row.path : folderOf(row.path)

/** The place to which a drop over a row would go. */
function dropAt(row: TreeRow | null, event: DragEvent): Drop {
  if (row?.kind !== "file" || isUpload(event)) return { row, where: "into" }
  const element = event.target instanceof Element ? event.target.closest(".tree-row") : null
  const box = element?.getBoundingClientRect()
  const isUpper = box !== undefined && event.clientY < box.top + box.height / 2
  return { row, where: isUpper ? "before" : "after" }
}

/** Put a row where it was dropped, or say why it cannot be there. */
function putDown(live: Acting["live"], rows: readonly TreeRow[], row: TreeRow, drop: Drop) {
  const folder = folderOfDrop(drop)
  const why =
    row.kind === "folder" ? putFolder(live, row.path, folder) : putFile(live, rows, row, drop)
  if (why) tell(why)
  else announce(`Moved ${row.label} ${folder ? `into ${folder}` : "out of all folders"}`)
}

function putFolder({ changes }: Acting["live"], path: string, folder: string): string {
  const target = inFolder(folder, baseOf(path))
  if (nameKey(target) === nameKey(path)) return ""
  if (nameKey(`${folder}/`).startsWith(nameKey(`${path}/`)))
    return "A folder cannot be moved into itself."
  const why = changes.whyNotFolder(path, target)
  if (!why) changes.renameFolder(path, target)
  return why
}

function putFile(
  { changes }: Acting["live"],
  rows: readonly TreeRow[],
  row: TreeRow & { kind: "file" },
  drop: Drop,
): string {
  const folder = folderOfDrop(drop)
  const { root } = row.file
  const name = inFolder(folder, baseOf(row.path))
  const why = whyInvalid(name) || changes.taken([root]).why(name)
  // a file with an invalid name can still get another place within its folder
  const isMoved = nameKey(folderOf(row.path)) !== nameKey(folder)
  if (why && isMoved) return why
  changes.place(root, folder, before(rows, root, folder, drop))
  return ""
}

/** The root of the file before which a dropped file goes; null for the end of the folder. */
function before(rows: readonly TreeRow[], root: string, folder: string, { row, where }: Drop) {
  if (row?.kind !== "file" || where === "into") return null
  const siblings = rows.flatMap((other) =>
    other.kind === "file" && nameKey(folderOf(other.path)) === nameKey(folder)
      ? [other.file.root]
      : [],
  )
  const at = siblings.indexOf(row.file.root) + (where === "after" ? 1 : 0)
  return siblings.slice(at).find((sibling) => sibling !== root) ?? null
}

/** The state of a drag: the dragged row, and the place to which it would go. */
export function useDrag({ live, canChange, onUpload }: Dropping, rows: TreeRow[]) {
  const dragged = useRef<TreeRow | null>(null)
  const [drop, setDrop] = useState<Drop | null>(null)
  const rowAt = ({ target }: Event) => {
    const element = target instanceof Element ? target.closest<HTMLElement>(".tree-row") : null
    return rows.find((row) => row.key === element?.dataset.key) ?? null
  }
  const over = (event: DragEvent) => {
    if (!canChange || (!isUpload(event) && !dragged.current)) return
    event.preventDefault()
    setDrop(dropAt(rowAt(event), event))
  }
  const left = ({ currentTarget, relatedTarget }: DragEvent) => {
    // the event also comes when the pointer goes from one row to another
    const isInside =
      currentTarget instanceof Node &&
      relatedTarget instanceof Node &&
      currentTarget.contains(relatedTarget)
    if (!isInside) setDrop(null)
  }
  const end = () => {
    dragged.current = null
    setDrop(null)
  }
  const dropped = (event: DragEvent) => {
    if (!canChange) return
    event.preventDefault()
    event.stopPropagation()
    const at = dropAt(rowAt(event), event)
    if (isUpload(event) && event.dataTransfer) onUpload(event.dataTransfer, folderOfDrop(at))
    else if (dragged.current) putDown(live, rows, dragged.current, at)
    end()
  }
  const start = (row: TreeRow) => (event: DragEvent) => {
    dragged.current = row
    event.dataTransfer?.setData(ROW_TYPE, row.path)
  }
  return {
    drop,
    start,
    on: { onDragOver: over, onDragLeave: left, onDrop: dropped, onDragEnd: end },
  }
}
