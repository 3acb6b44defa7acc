// Other people's cursors and selections, with names and pictures. Styles are set by CSSOM only, because the content
// security policy forbids style attributes.
import { type Range } from "@codemirror/state"
import { Decoration, type DecorationSet, EditorView, ViewPlugin, type ViewUpdate, WidgetType } from "@codemirror/view"
import type { Awareness } from "y-protocols/awareness"
import * as Y from "yjs"
import { initials } from "../../ui/avatar"
import type { Presence, RelativePosition } from "../live/presence"

type User = NonNullable<Presence["user"]>

class Caret extends WidgetType {
  constructor(
    readonly user: User,
    readonly head: number,
  ) {
    super()
  }

  override eq(other: Caret): boolean {
    // a cursor that moves is drawn again, so that its name is seen again
    return (
      other.head === this.head &&
      other.user.name === this.user.name &&
      other.user.color === this.user.color &&
      other.user.avatar === this.user.avatar
    )
  }

  toDOM(): HTMLElement {
    const caret = document.createElement("span")
    caret.className = "cm-remote-caret"
    caret.style.borderColor = this.user.color
    const flag = document.createElement("span")
    flag.className = "cm-remote-flag"
    flag.style.backgroundColor = this.user.color
    if (this.user.avatar) {
      const picture = document.createElement("img")
      picture.src = this.user.avatar
      picture.alt = ""
      flag.append(picture)
    }
    // shown by the style sheet: the name is not part of the text, nor of what is copied from it
    flag.dataset.name = this.user.avatar ? this.user.name : `${initials(this.user.name)} · ${this.user.name}`
    caret.setAttribute("aria-hidden", "true")
    caret.append(flag)
    return caret
  }

  override ignoreEvent(): boolean {
    return true
  }
}

const theme = EditorView.baseTheme({
  ".cm-remote-caret": {
    display: "inline-block",
    height: "1.25em",
    verticalAlign: "text-bottom",
    position: "relative",
    borderLeft: "2px solid",
    marginLeft: "-1px",
    marginRight: "-1px",
  },
  ".cm-remote-flag": {
    position: "absolute",
    top: "-1.35em",
    left: "-2px",
    zIndex: "5",
    padding: "0 5px",
    borderRadius: "4px 4px 4px 0",
    color: "var(--on-person)",
    font: "600 10px/1.5 system-ui, sans-serif",
    whiteSpace: "nowrap",
    pointerEvents: "none",
    display: "flex",
    gap: "4px",
    alignItems: "center",
  },
  ".cm-remote-caret .cm-remote-flag": { animation: "cm-flag-fades 1s 3s forwards" },
  ".cm-remote-caret:hover .cm-remote-flag": { animation: "none", opacity: "1" },
  "@keyframes cm-flag-fades": { to: { opacity: "0" } },
  "@media (prefers-reduced-motion: reduce)": {
    ".cm-remote-caret .cm-remote-flag": { animation: "none", opacity: "0.85" },
  },
  ".cm-line:first-child .cm-remote-flag": { top: "1.3em", borderRadius: "0 4px 4px 4px" },
  ".cm-remote-flag::after": { content: "attr(data-name)" },
  ".cm-remote-flag img": { width: "12px", height: "12px", borderRadius: "50%" },
})

const at = (position: RelativePosition, text: Y.Text): number | null => {
  if (!position || !text.doc) return null
  const found = Y.createAbsolutePositionFromRelativePosition(Y.createRelativePositionFromJSON(position), text.doc)
  return found?.type === text ? found.index : null
}

class Remote {
  decorations: DecorationSet = Decoration.none
  private readonly changed: (change: { added: number[]; updated: number[]; removed: number[] }) => void

  constructor(
    private readonly view: EditorView,
    private readonly text: Y.Text,
    private readonly awareness: Awareness,
  ) {
    this.changed = ({ added, updated, removed }) => {
      if ([...added, ...updated, ...removed].some((id) => id !== awareness.clientID)) this.view.dispatch({})
    }
    awareness.on("change", this.changed)
    this.decorations = this.draw(view.state.doc.length)
  }

  update(update: ViewUpdate): void {
    if (update.selectionSet || update.docChanged || update.focusChanged) this.tell(update.view)
    this.decorations = this.draw(update.state.doc.length)
  }

  destroy(): void {
    this.awareness.off("change", this.changed)
  }

  /** Where this person is; a view that is not in use says nothing, so that another tab's cursor stays. */
  private tell(view: EditorView): void {
    if (!view.hasFocus || this.text.length !== view.state.doc.length) return
    const { anchor, head } = view.state.selection.main
    const here = (index: number) => Y.createRelativePositionFromTypeIndex(this.text, index)
    this.awareness.setLocalStateField("cursor", { anchor: here(anchor), head: here(head) })
  }

  private draw(length: number): DecorationSet {
    const ranges: Range<Decoration>[] = []
    for (const [id, state] of this.awareness.getStates()) {
      const { user, cursor } = state as Presence
      if (id === this.awareness.clientID || !user || !cursor) continue
      const anchor = at(cursor.anchor, this.text)
      const head = at(cursor.head, this.text)
      if (anchor === null || head === null || Math.max(anchor, head) > length) continue
      const style = `background-color: ${user.colorLight}`
      if (anchor !== head)
        ranges.push(Decoration.mark({ attributes: { style } }).range(Math.min(anchor, head), Math.max(anchor, head)))
      ranges.push(Decoration.widget({ side: head > anchor ? -1 : 1, widget: new Caret(user, head) }).range(head))
    }
    return Decoration.set(ranges, true)
  }
}

export const remoteCursors = (text: Y.Text, awareness: Awareness) => [
  theme,
  ViewPlugin.define((view) => new Remote(view, text, awareness), { decorations: (plugin) => plugin.decorations }),
]
