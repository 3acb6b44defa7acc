// The user's own view of a session's page: open files, panels and dialog. Nobody else sees it, so
// it is plain component state.
import { useCallback, useEffect, useState } from "preact/hooks"
import { isWiderThan } from "../lib/widths"
import { showsFiles } from "../settings"
import { keepOpened, keptOpened, withoutTab, withTab } from "./files/opened"

export type Side = "" | "chat" | "people"
export type DialogName =
  "" | "share" | "palette" | "settings" | "export" | "end" | "save" | "keys" | "delete"

/** On narrower screens, the page begins without a panel, because it would cover the text. */
const PANEL_FROM_PX = 900
const isWide = isWiderThan(PANEL_FROM_PX)

/**
 * The file or folder that the user is naming. It decides where the field for the name is shown:
 * - "tab": a new file, in the row of tabs
 * - "new": a new file, in a folder of the tree
 * - "file" and "folder": a file or a folder of the tree that is renamed
 */
export type Naming =
  | { what: "tab" }
  | { what: "new"; folder: string }
  | { what: "file"; root: string }
  | { what: "folder"; path: string }

export interface View {
  /** the shown file; null if none is open */
  root: string | null
  /** the open files */
  tabs: readonly string[]
  /** show a file, for example the file of the person that the user follows */
  select: (root: string) => void
  /** show a file that the user has chosen, which also ends following */
  choose: (root: string) => void
  /** close a file; if it is the shown one, that also ends following */
  closeTab: (root: string) => void
  showsFiles: boolean
  /** whether the list of files covers a part of the text; then choosing a file closes the list */
  isSheet: boolean
  toggleFiles: () => void
  /** open the list of files, and move the focus into it */
  visitFiles: () => void
  /** number of calls of `visitFiles`; the list takes the focus when this number grows */
  visits: number
  naming: Naming | null
  startNaming: (naming: Naming | null) => void
  side: Side
  toggleSide: (side: Side) => void
  /** whether the output of programs is open */
  output: boolean
  showOutput: (isOpen: boolean) => void
  dialog: DialogName
  open: (dialog: DialogName) => void
  close: () => void
  blames: boolean
  toggleBlames: () => void
  /** the id of the client that the user follows, or null */
  follows: number | null
  follow: (clientId: number | null) => void
}

function useTabs(sessionId: string) {
  const [opened, setOpened] = useState(() => keptOpened(sessionId))
  useEffect(() => keepOpened(sessionId, opened), [sessionId, opened])
  const select = useCallback((root: string) => setOpened((old) => withTab(old, root)), [])
  const closeTab = useCallback((root: string) => setOpened((old) => withoutTab(old, root)), [])
  return { ...opened, select, closeTab }
}

/**
 * The panels at both sides of the text. On a narrow screen each covers a part of the text, so only
 * one is open. On a wide screen, this browser remembers whether the files are shown.
 */
function usePanels() {
  const [side, setSide] = useState<Side>(innerWidth > PANEL_FROM_PX ? "chat" : "")
  const [hasSheet, setHasSheet] = useState(false)
  const [visits, setVisits] = useState(0)
  const [output, setOutput] = useState(false)
  const shows = isWide.value ? showsFiles.value : hasSheet
  const toggleFiles = () => {
    if (isWide.value) {
      showsFiles.value = !showsFiles.value
      return
    }
    setHasSheet((old) => !old)
    setSide("")
  }
  return {
    side,
    toggleSide: (next: Side) => {
      setSide((old) => (old === next ? "" : next))
      setHasSheet(false)
    },
    output,
    showOutput: (isOpen: boolean) => {
      setOutput(isOpen)
      // on narrow screens, a panel would cover the output
      if (!isOpen || isWide.value) return
      setSide("")
      setHasSheet(false)
    },
    showsFiles: shows,
    isSheet: !isWide.value,
    toggleFiles,
    visits,
    visitFiles: () => {
      if (!shows) toggleFiles()
      setVisits((old) => old + 1)
    },
  }
}

export function useView(sessionId: string, canWrite: boolean): View {
  const tabs = useTabs(sessionId)
  const panels = usePanels()
  const [naming, startNaming] = useState<Naming | null>(null)
  const [dialog, setDialog] = useState<DialogName>("")
  const [blames, setBlames] = useState(false)
  const [follows, follow] = useState<number | null>(null)
  return {
    ...tabs,
    ...panels,
    choose: (next) => {
      follow(null)
      tabs.select(next)
    },
    closeTab: (closed) => {
      // stop following, because the followed person is still in the closed file
      if (closed === tabs.root) follow(null)
      tabs.closeTab(closed)
    },
    naming,
    startNaming: (next) => {
      if (next && next.what !== "tab" && !panels.showsFiles) panels.toggleFiles()
      startNaming(canWrite ? next : null)
    },
    dialog,
    open: (next) => setDialog(next === "save" && !canWrite ? "" : next),
    close: () => setDialog(""),
    blames,
    toggleBlames: () => setBlames((old) => !old),
    follows,
    follow,
  }
}
