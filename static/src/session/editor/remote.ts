// Other people's cursors and selections, with names and pictures.
import type { EditorState, Range } from "@codemirror/state"
import {
  Decoration,
  type DecorationSet,
  type EditorView,
  ViewPlugin,
  type ViewUpdate,
} from "@codemirror/view"
import type { Awareness } from "y-protocols/awareness"
import * as Y from "yjs"
import type { Presence, RelativePosition } from "../live/presence"
import { caretRanges, caretTheme } from "./carets"

type User = NonNullable<Presence["user"]>

const at = (position: RelativePosition, text: Y.Text): number | null => {
  if (!position || !text.doc) return null
  const absolute = Y.createAbsolutePositionFromRelativePosition(
    Y.createRelativePositionFromJSON(position),
    text.doc,
  )
  return absolute?.type === text ? absolute.index : null
}

class Remote {
  decorations: DecorationSet = Decoration.none
  private readonly changed: (change: {
    added: number[]
    updated: number[]
    removed: number[]
  }) => void

  constructor(
    private readonly view: EditorView,
    private readonly text: Y.Text,
    private readonly awareness: Awareness,
    private readonly myId: string,
  ) {
    this.changed = ({ added, updated, removed }) => {
      if ([...added, ...updated, ...removed].some((id) => id !== awareness.clientID))
        this.view.dispatch({})
    }
    awareness.on("change", this.changed)
    this.decorations = this.draw(view.state)
  }

  update(update: ViewUpdate): void {
    if (update.selectionSet || update.docChanged || update.focusChanged) this.tell(update.view)
    this.decorations = this.draw(update.state)
  }

  destroy(): void {
    this.awareness.off("change", this.changed)
  }

  /**
   * Tell others the user's cursor. A view without focus tells nothing, so that the cursor of
   * another tab stays.
   */
  private tell(view: EditorView): void {
    if (!view.hasFocus || this.text.length !== view.state.doc.length) return
    const { anchor, head } = view.state.selection.main
    const here = (index: number) => Y.createRelativePositionFromTypeIndex(this.text, index)
    this.awareness.setLocalStateField("cursor", { anchor: here(anchor), head: here(head) })
  }

  /**
   * The user's data for their cursor. In the user's other tabs, the name says that it is their own.
   */
  private named(user: User): User {
    return user.id === this.myId ? { ...user, name: "You, in another tab" } : user
  }

  private draw({ doc }: EditorState): DecorationSet {
    const selections: Range<Decoration>[] = []
    const carets: Parameters<typeof caretRanges>[1] = []
    for (const [id, state] of this.awareness.getStates()) {
      const { user, cursor } = state as Presence
      if (id === this.awareness.clientID || !user || !cursor) continue
      const anchor = at(cursor.anchor, this.text)
      const head = at(cursor.head, this.text)
      if (anchor === null || head === null || Math.max(anchor, head) > doc.length) continue
      const style = `background-color: ${user.colorLight}`
      if (anchor !== head)
        selections.push(
          Decoration.mark({ attributes: { style } }).range(
            Math.min(anchor, head),
            Math.max(anchor, head),
          ),
        )
      carets.push({ user: this.named(user), head, side: head > anchor ? -1 : 1 })
    }
    return Decoration.set([...selections, ...caretRanges(doc, carets)], true)
  }
}

export const remoteCursors = (text: Y.Text, awareness: Awareness, myId: string) => [
  caretTheme,
  ViewPlugin.define((view) => new Remote(view, text, awareness, myId), {
    decorations: (plugin) => plugin.decorations,
  }),
]
