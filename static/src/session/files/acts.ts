// Actions on files that users can start from several places: the tree, the tabs, the palette and
// the keyboard.
import { tell } from "../../ui/announce"
import type { LiveSession } from "../live/live"
import type { View } from "../view"
import { whyInvalid } from "./names"
import { withoutTab } from "./opened"
import type { SessionFile } from "./table"

/** Whether the list of files has the focus. */
const isInFiles = () => document.querySelector(".files")?.contains(document.activeElement) ?? false

/** Focus the list of files, and open it if it is closed. If it has the focus already, close it. */
export function visitFiles(view: View): void {
  if (view.showsFiles && isInFiles()) view.toggleFiles()
  else view.visitFiles()
}

/** Why a new file cannot have a name; "" if it can. */
export const whyNotNew = (live: LiveSession, name: string): string =>
  whyInvalid(name) || live.changes.taken().why(name)

/** Create a file, and type into it. */
export function createFile(live: LiveSession, view: View, name: string): void {
  const { collab, changes } = live
  const canChange = changes.canChange()
  // without a table, a file is a root with this name; others see it when it has text
  if (!canChange) collab.addRoots([name])
  openFile(live, view, canChange ? changes.create(name) : name)
  view.startNaming(null)
  if (view.isSheet && view.showsFiles) view.toggleFiles()
}

/** Show a file, and let its text take the focus. */
export function openFile(live: LiveSession, view: View, root: string): void {
  live.collab.places.enter(root)
  view.choose(root)
  if (view.root === root) focusText()
}

/** Focus the text that is shown already. */
export const focusText = () => document.querySelector<HTMLElement>("#editor .cm-content")?.focus()

/** Close the shown file, and let the next one take the focus. */
export function closeFile(live: LiveSession, view: View): void {
  if (view.root === null) return
  const { root } = withoutTab(view, view.root)
  if (root !== null) live.collab.places.enter(root)
  view.closeTab(view.root)
}

/** Delete files, and show a message whose button brings them back. */
export function deleteFiles(live: LiveSession, view: View, files: readonly SessionFile[]): void {
  const roots = files.map(({ root }) => root)
  const [first] = files
  if (!first) return
  const isShown = view.root !== null && roots.includes(view.root)
  live.changes.remove(roots)
  for (const root of roots) view.closeTab(root)
  const what = files.length === 1 ? first.name : `${files.length} files`
  tell(`Deleted ${what}`, {
    label: "Undo",
    act: () => {
      live.changes.bringBack(roots)
      if (isShown) openFile(live, view, first.root)
    },
  })
}
