// One text of the session that can only be read: there is no document to type into yet.
import { EditorState } from "@codemirror/state"
import { EditorView } from "@codemirror/view"
import { useEffect, useRef } from "preact/hooks"
import { languagePack } from "../../lib/languages"
import { fontSize } from "../../settings"
import { cancellable } from "../../ui/cancellable"
import { font, readOnly } from "./setup"

export function Preview({ text, name, language }: { text: string; name: string; language: string }) {
  const parent = useRef<HTMLDivElement>(null)
  useEffect(() => {
    let view: EditorView | null = null
    const cancel = cancellable(languagePack(name, language), (pack) => {
      if (!parent.current) return
      const extensions = [readOnly(name), font(fontSize.peek()), pack]
      view = new EditorView({ state: EditorState.create({ doc: text, extensions }), parent: parent.current })
    })
    return () => {
      cancel()
      view?.destroy()
    }
  }, [text, name, language])
  return <div class="editor preview" ref={parent} data-testid="preview" />
}
