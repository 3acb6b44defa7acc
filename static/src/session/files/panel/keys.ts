// The keys of the tree of files: those of ARIA's pattern "Tree View", and those for the actions on
// rows.
import { useRef } from "preact/hooks"
import { announce } from "../../../ui/announce"
import { moved } from "../../../ui/menu"
import { focusText } from "../acts"
import { fileKey, parentOf, startingWith, type TreeRow } from "../tree"
import { type Acting, remove, rename, step } from "./items"

/**
 * Letters that are typed within this time, in milliseconds, are together the beginning of a name.
 */
const TYPING_MS = 600

/** A function for the key of a row. */
type Toggle = (key: string) => void

/** Do the action of a key for the focused row. Return whether the key has one. */
export function useKeys(acting: Acting, rows: TreeRow[], focus: Toggle, toggle: Toggle) {
  const typed = useRef({ letters: "", at: 0 })
  const deleted = useRef<string[]>([])
  const { live, view } = acting
  const goTo = (row: TreeRow | undefined) => {
    if (row) focus(row.key)
    return row !== undefined
  }
  const letter = ({ key, timeStamp }: KeyboardEvent, index: number) => {
    const { letters, at } = typed.current
    const isNew = letters === "" || timeStamp - at > TYPING_MS
    // the row that the first letter has found may also match the second letter
    const match = isNew ? undefined : startingWith(rows, index - 1, letters + key)
    typed.current = { letters: match ? letters + key : key, at: timeStamp }
    return goTo(match ?? startingWith(rows, index, key))
  }
  const arrow = (row: TreeRow, index: number, isRight: boolean) => {
    if (row.kind === "folder" && row.isOpen !== isRight) toggle(row.key)
    else if (!isRight) goTo(parentOf(rows, row))
    else if (row.kind === "folder") goTo(rows[index + 1])
    return true
  }
  const takeBack = () => {
    live.changes.bringBack(deleted.current)
    const [first] = deleted.current
    if (first !== undefined) {
      focus(fileKey(first))
      announce("Brought back")
    }
    deleted.current = []
    return true
  }
  const removeRow = (row: TreeRow, index: number) => {
    const inside = (other: TreeRow) => other.path.startsWith(`${row.path}/`)
    const next = rows.slice(index + 1).find((other) => !inside(other)) ?? rows[index - 1]
    const roots = remove(row, acting)
    if (roots.length > 0) {
      deleted.current = roots
      goTo(next)
    }
    return true
  }
  const withAlt = (row: TreeRow, key: string) => {
    if (key !== "ArrowUp" && key !== "ArrowDown") return false
    step(row, key === "ArrowUp" ? -1 : 1, acting)
    focus(row.key)
    return true
  }
  const escape = () => {
    // the panel handles this key itself, because the focus may be anywhere in it
    if (view.isSheet) return false
    focusText()
    return true
  }
  return (event: KeyboardEvent, row: TreeRow, index: number): boolean => {
    const { key, altKey, ctrlKey, metaKey } = event
    if (altKey) return withAlt(row, key)
    if (ctrlKey || metaKey) return key.toLowerCase() === "z" && takeBack()
    const next = moved(key, index, rows.length)
    if (next !== undefined) return goTo(rows[next])
    if (key === "ArrowRight" || key === "ArrowLeft") return arrow(row, index, key === "ArrowRight")
    if (key === "F2") rename(row, acting)
    else if (key === "Delete" || key === "Backspace") return removeRow(row, index)
    else if (key === "Escape") return escape()
    else return /^[^\s?]$/u.test(key) && letter(event, index)
    return true
  }
}
