// Runs the open file of a session's page.
import { EditorView } from "@codemirror/view"
import { useState } from "preact/hooks"
import { words } from "../../api"
import { languageOfFile, suffixOf } from "../../lib/languages"
import { runLimitS } from "../../settings"
import type { Run, Session } from "../../types"
import { tell } from "../../ui/announce"
import type { LiveSession } from "../live/live"
import type { View } from "../view"
import { whyNobody, whyNotHere } from "./languages"
import { filesAt } from "./position"
import type { Runs } from "./runs"
import type { Find } from "./tests/tests"

/** The program that the page would run, and the text for its input. */
export interface Running {
  /** the name of the open file */
  name: string
  mayRun: boolean
  start: () => void
  /** run the code of a kept run again, with the text that it had then */
  startAgain: (run: Run) => void
  stdin: string
  setStdin: (text: string) => void
  names: string[]
  /** the root of the open file; "" if that file is not a text */
  root: string
  /** whether this user may change tests */
  mayEdit: boolean
  places: readonly { root: string; name: string }[]
  languageOf: (name: string) => string
  /** the present file of a test */
  find: Find
  nameOf: (root: string) => string
  /** show a line, from 1, of the file with this name */
  goTo: (name: string, line: number) => void
}

function mayRun({ runs, role, status }: Session, canWrite: boolean): boolean {
  if (runs === "nobody" || status !== "open") return false
  return canWrite || (runs === "all" && role === "viewer")
}

/** Move the cursor of the open editor to the beginning of a line. */
function showLine(line: number): void {
  const element = document.querySelector<HTMLElement>("#editor .cm-editor")
  const editor = element && EditorView.findFromDOM(element)
  if (!editor) return
  const { from } = editor.state.doc.line(Math.min(Math.max(line, 1), editor.state.doc.lines))
  editor.dispatch({ selection: { anchor: from }, scrollIntoView: true })
  editor.focus()
}

/** Run the code of a kept run with the files, the input and the language that it had. */
async function startAgain(session: Session, runs: Runs, run: Run): Promise<void> {
  try {
    const files = await filesAt(session.id, run.sequence, suffixOf(session.language))
    const entry = files.find(({ root }) => root === run.root)
    if (!entry) throw new Error(`${run.name} was not among the files at edit ${run.sequence}.`)
    await runs.start({
      root: run.root,
      entry: entry.name,
      language: run.language,
      files: Object.fromEntries(files.map(({ name, text }) => [name, text])),
      stdin: run.stdin,
      limitMs: runLimitS.value * 1000,
      again: run,
    })
  } catch (error) {
    tell(words(error))
  }
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
  const texts = () =>
    Object.fromEntries(
      files.map(({ root, name }) => [name, collab.doc.getText(root).toJSON()]),
    ) as Record<string, string>
  const languageOf = (name: string) => languageOfFile(name, session.language)
  const find: Find = (root) => {
    const file = files.find((file) => file.root === root)
    if (!file) return "The file of this test is gone."
    const language = languageOf(file.name)
    const limitMs = runLimitS.value * 1000
    if (language === "html") return "A page has no output."
    const reason = whyNobody(language) || whyNotHere(language)
    return reason || { language, files: texts(), entry: file.name, limitMs }
  }
  return {
    name: shown?.name ?? "",
    root: shown?.root ?? "",
    mayRun: can,
    mayEdit: canWrite,
    places: files,
    languageOf,
    find,
    start: () => {
      if (!can) return
      view.showOutput(true)
      void runs.start({
        root: shown.root,
        entry: shown.name,
        language: languageOf(shown.name),
        files: texts(),
        stdin,
        limitMs: runLimitS.value * 1000,
        // if a text was given before the run, it is the whole input, and the user is not asked for
        // lines
        canAsk: stdin === "",
        again: null,
      })
    },
    startAgain: (run) => void startAgain(session, runs, run),
    stdin,
    setStdin,
    names: files.map((file) => file.name),
    nameOf,
    goTo: (file, line) => {
      const place = files.find(({ name }) => name === file)
      if (!place) return
      view.choose(place.root)
      // wait until the editor of that file is open
      setTimeout(() => showLine(line))
    },
  }
}
