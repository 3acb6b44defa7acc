// A text in CodeMirror that can only be read.
import { effect } from "@preact/signals"
import { EditorState } from "@codemirror/state"
import { EditorView } from "@codemirror/view"
import { useEffect, useRef } from "preact/hooks"
import { languagePack } from "../../lib/languages"
import { fontSize } from "../../settings"
import { cancellable } from "../../ui/cancellable"
import { font, readOnly, slots } from "./setup"

/** Change only what differs, so that the view keeps its place and its colours. */
function become(view: EditorView, text: string): void {
  const old = view.state.doc.toString()
  if (old === text) return
  let start = 0
  const shorter = Math.min(old.length, text.length)
  while (start < shorter && old.charCodeAt(start) === text.charCodeAt(start)) start++
  let end = 0
  while (end < shorter - start && old.charCodeAt(old.length - 1 - end) === text.charCodeAt(text.length - 1 - end)) end++
  view.dispatch({ changes: { from: start, to: old.length - end, insert: text.slice(start, text.length - end) } })
}

interface Props {
  text: string
  /** of the file: its suffix says in which language it is coloured, if it has one */
  name: string
  language: string
  /** what it is for screen readers */
  label: string
  /** what is scrolled into view; without it the view stays where it is */
  position?: number
  testId: string
}

export function ReadOnlyText({ text, name, language, label, position, testId }: Props) {
  const parent = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView | null>(null)
  useEffect(() => {
    if (!parent.current) return
    const extensions = [readOnly(label), slots.font.of([]), slots.language.of([])]
    const opened = new EditorView({ state: EditorState.create({ extensions }), parent: parent.current })
    view.current = opened
    const stop = effect(() => opened.dispatch({ effects: slots.font.reconfigure(font(fontSize.value)) }))
    const cancel = cancellable(languagePack(name, language), (pack) =>
      opened.dispatch({ effects: slots.language.reconfigure(pack) }),
    )
    return () => {
      stop()
      cancel()
      opened.destroy()
    }
  }, [language, name, label])
  useEffect(() => {
    if (!view.current) return
    become(view.current, text)
    if (position === undefined) return
    const at = Math.min(position, text.length)
    view.current.dispatch({
      selection: { anchor: at },
      effects: EditorView.scrollIntoView(at, { y: "nearest", yMargin: 60 }),
    })
    // a new view, for another file or language, is empty
  }, [text, position, language, name, label])
  return <div class="editor" ref={parent} data-testid={testId} />
}
