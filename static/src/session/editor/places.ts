// Keeps the undo steps, the selection and the scroll position of each file's editor while another
// file is open.
import { EditorSelection, type StateEffect } from "@codemirror/state"
import { EditorView } from "@codemirror/view"
import * as Y from "yjs"

/**
 * The positions are relative positions of Yjs, so they stay at the same letter while others type.
 */
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

  /** The undo manager of a text. It exists as long as the document does. */
  undoOf(root: string): Y.UndoManager {
    const undo = this.undos.get(root) ?? new Y.UndoManager(this.doc.getText(root))
    this.undos.set(root, undo)
    return undo
  }

  /** Let the editor of a text take the focus when it opens. */
  enter(root: string): void {
    this.entering = root
  }

  /** Whether the editor of a text must take the focus. Only the first call returns true. */
  isEntered(root: string): boolean {
    const is = this.entering === root
    this.entering = ""
    return is
  }

  /** Remember the selection and the scroll position of an editor that closes. */
  leave(root: string, view: EditorView): void {
    const { anchor, head } = view.state.selection.main
    const top = view.lineBlockAtHeight(view.scrollDOM.scrollTop).from
    const text = this.doc.getText(root)
    const keep = (index: number) =>
      Y.createRelativePositionFromTypeIndex(text, Math.min(index, text.length))
    this.places.set(root, { anchor: keep(anchor), head: keep(head), top: keep(top) })
  }

  /** Return the selection and the scroll position with which to open the editor again. */
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
