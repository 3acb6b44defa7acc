// Runs the open file of a session's page.
import { EditorView } from "@codemirror/view"
import { useState } from "preact/hooks"
import { runLimitS } from "../../settings"
import type { Session } from "../../types"
import type { LiveSession } from "../live/live"
import type { View } from "../view"
import { languageOfFile } from "./languages"

/** The program that the page would run, and what it gives to its input. */
export interface Running {
  /** the name of the open file */
  name: string
  mayRun: boolean
  start: () => void
  stdin: string
  setStdin: (text: string) => void
  names: string[]
  nameOf: (root: string) => string
  /** show a line, from 1, of the file with this name */
  goTo: (name: string, line: number) => void
}

function mayRun({ runs, role, status }: Session, canWrite: boolean): boolean {
  if (runs === "nobody" || status !== "open") return false
  return canWrite || (runs === "all" && role === "viewer")
}

/** Put the cursor of the open editor at the beginning of a line. */
function showLine(line: number): void {
  const element = document.querySelector<HTMLElement>("#editor .cm-editor")
  const editor = element && EditorView.findFromDOM(element)
  if (!editor) return
  const { from } = editor.state.doc.line(Math.min(Math.max(line, 1), editor.state.doc.lines))
  editor.dispatch({ selection: { anchor: from }, scrollIntoView: true })
  editor.focus()
}

export function useRunning(
  session: Session,
  live: LiveSession,
  view: View,
  canWrite: boolean,
): Running {
  const [stdin, setStdin] = useState("")
  const { collab, runs } = live
  const all = live.files.value
  const nameOf = (root: string) => all.find((file) => file.root === root)?.name ?? root
  const files = all.filter((file) => file.isText && !file.isDeleted)
  const shown = files.find((file) => file.root === view.root)
  const can = mayRun(session, canWrite) && collab.ready.value && shown !== undefined
  return {
    name: shown?.name ?? "",
    mayRun: can,
    start: () => {
      if (!can) return
      view.showOutput(true)
      const texts = files.map(({ root, name }) => [name, collab.doc.getText(root).toJSON()])
      void runs.start({
        root: shown.root,
        entry: shown.name,
        language: languageOfFile(shown.name, session.language),
        files: Object.fromEntries(texts) as Record<string, string>,
        stdin,
        limitMs: runLimitS.value * 1000,
      })
    },
    stdin,
    setStdin,
    names: files.map((file) => file.name),
    nameOf,
    goTo: (file, line) => {
      const place = files.find(({ name }) => name === file)
      if (!place) return
      view.choose(place.root)
      // after the editor of that file is open
      setTimeout(() => showLine(line))
    },
  }
}
