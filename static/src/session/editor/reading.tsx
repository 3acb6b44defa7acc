// A read-only text in CodeMirror.
import { effect } from "@preact/signals"
import { type ChangeSpec, EditorState } from "@codemirror/state"
import { Decoration, EditorView } from "@codemirror/view"
import { useEffect, useRef } from "preact/hooks"
import { languagePack } from "../../lib/languages"
import { fontSize } from "../../settings"
import { cancellable } from "../../ui/cancellable"
import { caretRanges, caretTheme, type Marked } from "./carets"
import { font, readOnly, slots } from "./setup"

/**
 * The smallest change from the view's text to another one. If the rest is unchanged, the view keeps
 * its scroll position and colours.
 */
function difference(view: EditorView, text: string): ChangeSpec {
  const old = view.state.doc.toString()
  if (old === text) return []
  let start = 0
  const shorter = Math.min(old.length, text.length)
  while (start < shorter && old.charCodeAt(start) === text.charCodeAt(start)) start++
  let end = 0
  while (
    end < shorter - start &&
    old.charCodeAt(old.length - 1 - end) === text.charCodeAt(text.length - 1 - end)
  )
    end++
  return { from: start, to: old.length - end, insert: text.slice(start, text.length - end) }
}

/** Show the caret of the person who typed last, or none if `user` is null. */
function showCaret(view: EditorView, user: Marked | null, head: number): void {
  const ranges = user ? caretRanges(view.state.doc, [{ user, head, side: 1 }]) : []
  const shown = EditorView.decorations.of(Decoration.set(ranges, true))
  view.dispatch({ effects: slots.caret.reconfigure(shown) })
}

interface Props {
  text: string
  /** the file's name, whose suffix decides the language of the colours, if it has one */
  name: string
  language: string
  /** the text's name for screen readers */
  label: string
  /** the position that is scrolled into view; without it, the view does not scroll */
  position?: number
  /** the person whose caret is at `position` */
  author?: Marked | null
  testId: string
}

export function ReadOnlyText({ text, name, language, label, position, author, testId }: Props) {
  const parent = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView | null>(null)
  useEffect(() => {
    if (!parent.current) return
    const extensions = [
      readOnly(label),
      slots.font.of([]),
      slots.language.of([]),
      slots.caret.of([]),
      caretTheme,
    ]
    const opened = new EditorView({
      state: EditorState.create({ extensions }),
      parent: parent.current,
    })
    view.current = opened
    const stop = effect(() =>
      opened.dispatch({ effects: slots.font.reconfigure(font(fontSize.value)) }),
    )
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
    // remove the caret first, because its position may be outside the new text
    view.current.dispatch({
      changes: difference(view.current, text),
      effects: slots.caret.reconfigure([]),
    })
    if (position === undefined) return
    const at = Math.min(position, view.current.state.doc.length)
    view.current.dispatch({
      selection: { anchor: at },
      effects: EditorView.scrollIntoView(at, { y: "nearest", yMargin: 60 }),
    })
    showCaret(view.current, author ?? null, at)
    // a change of one of the last three makes a new view, which is empty at first
  }, [text, position, author, language, name, label])
  return <div class="editor" ref={parent} data-testid={testId} />
}
