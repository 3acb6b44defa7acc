// The row of symbols above a phone's keyboard, for characters that are hard to reach there.
import { cursorCharLeft, cursorCharRight, indentMore } from "@codemirror/commands"
import { indentUnit } from "@codemirror/language"
import type { EditorView } from "@codemirror/view"

const SYMBOLS = ["{", "}", "(", ")", "[", "]", ";", ":", '"', "'", "="]

function insert(view: EditorView, text: string): void {
  view.dispatch(view.state.replaceSelection(text), {
    userEvent: "input.type",
    scrollIntoView: true,
  })
}

/** Indent the selected lines, or insert an indentation at the caret. */
function indent(view: EditorView): void {
  if (view.state.selection.ranges.some((range) => !range.empty)) indentMore(view)
  else insert(view, view.state.facet(indentUnit))
}

interface Props {
  view: { current: EditorView | null }
  undo: () => void
  /** called before a key acts, to stop following another user */
  onUse: () => void
}

export function Symbols({ view, undo, onUse }: Props) {
  const keys: [string, string, (view: EditorView) => void][] = [
    ["Tab", "Tab, indents", indent],
    ...SYMBOLS.map((symbol): (typeof keys)[number] => [symbol, symbol, (to) => insert(to, symbol)]),
    ["←", "Caret to the left", cursorCharLeft],
    ["→", "Caret to the right", cursorCharRight],
    ["Undo", "Undo", undo],
  ]
  const use = (act: (view: EditorView) => void) => {
    if (!view.current) return
    onUse()
    act(view.current)
  }
  return (
    <div class="symbols" role="toolbar" aria-label="Symbols">
      {keys.map(([text, label, act]) => (
        <button
          key={text}
          type="button"
          class="symbol"
          aria-label={label}
          // the text must keep the focus, otherwise the phone closes its keyboard
          onPointerDown={(event) => event.preventDefault()}
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => use(act)}
        >
          {text}
        </button>
      ))}
    </div>
  )
}
