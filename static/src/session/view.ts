// The user's own view of a session's page: open file, panel and dialog. Nobody else sees it, so it
// is plain component state.
import { useState } from "preact/hooks"
import { MAIN_ROOT } from "../lib/files"

export type Side = "" | "chat" | "people"
export type DialogName =
  "" | "share" | "palette" | "settings" | "export" | "end" | "save" | "keys" | "delete"

/** On narrower screens, the page begins without a panel, because it would cover the text. */
const PANEL_FROM_PX = 900

export interface View {
  root: string
  /** show a file, for example the file of the person that the user follows */
  select: (root: string) => void
  /** show a file that the user has chosen, which also ends following */
  choose: (root: string) => void
  side: Side
  toggleSide: (side: Side) => void
  dialog: DialogName
  open: (dialog: DialogName) => void
  close: () => void
  blames: boolean
  toggleBlames: () => void
  /** the id of the client that the user follows, or null */
  follows: number | null
  follow: (clientId: number | null) => void
}

export function useView(canWrite: boolean): View {
  const [root, select] = useState(MAIN_ROOT)
  const [side, setSide] = useState<Side>(innerWidth > PANEL_FROM_PX ? "chat" : "")
  const [dialog, setDialog] = useState<DialogName>("")
  const [blames, setBlames] = useState(false)
  const [follows, follow] = useState<number | null>(null)
  return {
    root,
    select,
    choose: (next) => {
      follow(null)
      select(next)
    },
    side,
    toggleSide: (next) => setSide((old) => (old === next ? "" : next)),
    dialog,
    open: (next) => setDialog(next === "save" && !canWrite ? "" : next),
    close: () => setDialog(""),
    blames,
    toggleBlames: () => setBlames((old) => !old),
    follows,
    follow,
  }
}
