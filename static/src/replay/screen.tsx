// The text at a moment, in an editor that only shows.
import { EditorState } from "@codemirror/state"
import { EditorView } from "@codemirror/view"
import { useEffect, useRef } from "preact/hooks"
import { languagePack } from "../lib/languages"
import { readOnly, slots } from "../session/editor/setup"
import { cancellable } from "../ui/cancellable"

/** Change only what differs, so that the view neither jumps nor highlights all anew. */
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
  position: number
  language: string
  name: string
}

export function Screen({ text, position, language, name }: Props) {
  const parent = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView | null>(null)
  useEffect(() => {
    if (!parent.current) return
    const opened = (view.current = new EditorView({
      state: EditorState.create({
        extensions: [readOnly("The text at this moment"), slots.language.of([])],
      }),
      parent: parent.current,
    }))
    const cancel = cancellable(languagePack(name, language), (pack) =>
      opened.dispatch({ effects: slots.language.reconfigure(pack) }),
    )
    return () => {
      cancel()
      opened.destroy()
    }
  }, [language, name])
  useEffect(() => {
    if (!view.current) return
    become(view.current, text)
    const at = Math.min(position, text.length)
    view.current.dispatch({
      selection: { anchor: at },
      effects: EditorView.scrollIntoView(at, { y: "nearest", yMargin: 60 }),
    })
    // a new view, for another file or language, is empty
  }, [text, position, language, name])
  return <div class="editor" ref={parent} data-testid="replay-text" />
}
