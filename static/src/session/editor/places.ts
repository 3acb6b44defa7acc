// Keeps the undo steps, the selection and the part on the screen of an editor while another file is
// open.
import { EditorSelection, type StateEffect } from "@codemirror/state"
import { EditorView } from "@codemirror/view"
import * as Y from "yjs"

/** Positions are Yjs's own: they stay at the same letter while others type. */
interface Place {
  anchor: Y.RelativePosition
  head: Y.RelativePosition
  top: Y.RelativePosition
}

interface Start {
  selection?: EditorSelection
  scrollTo?: StateEffect<unknown>
}

export class Places {
  private readonly undos = new Map<string, Y.UndoManager>()
  private readonly places = new Map<string, Place>()
  private entering = ""

  constructor(private readonly doc: Y.Doc) {}

  /** One for each text, as long as the document is open: it goes with the document. */
  undoOf(root: string): Y.UndoManager {
    const undo = this.undos.get(root) ?? new Y.UndoManager(this.doc.getText(root))
    this.undos.set(root, undo)
    return undo
  }

  /** Have the editor of a text take the keyboard when it opens. */
  enter(root: string): void {
    this.entering = root
  }

  /** Whether the editor of a text is to take the keyboard; asked once. */
  isEntered(root: string): boolean {
    const is = this.entering === root
    this.entering = ""
    return is
  }

  /** Remember where an editor was left. */
  leave(root: string, view: EditorView): void {
    const { anchor, head } = view.state.selection.main
    const top = view.lineBlockAtHeight(view.scrollDOM.scrollTop).from
    const text = this.doc.getText(root)
    const keep = (index: number) =>
      Y.createRelativePositionFromTypeIndex(text, Math.min(index, text.length))
    this.places.set(root, { anchor: keep(anchor), head: keep(head), top: keep(top) })
  }

  /** Return how to open the editor again where it was left. */
  startOf(root: string): Start {
    const place = this.places.get(root)
    if (!place) return {}
    const length = this.doc.getText(root).length
    const at = (position: Y.RelativePosition) =>
      Math.min(Y.createAbsolutePositionFromRelativePosition(position, this.doc)?.index ?? 0, length)
    return {
      selection: EditorSelection.single(at(place.anchor), at(place.head)),
      scrollTo: EditorView.scrollIntoView(at(place.top), { y: "start" }),
    }
  }
}
