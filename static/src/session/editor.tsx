// One text of the session in CodeMirror.
import { effect } from "@preact/signals"
import { EditorState, type Extension } from "@codemirror/state"
import { EditorView, keymap } from "@codemirror/view"
import { useEffect, useRef } from "preact/hooks"
import { yCollab, yUndoManagerKeymap } from "y-codemirror.next"
import * as Y from "yjs"
import { words } from "../api"
import { languagePack } from "../languages"
import { fontSize, keys, tabSize, wraps } from "../settings"
import { tell } from "../ui/announce"
import { cancellable } from "../ui/cancellable"
import { blameGutter } from "./blame"
import type { Collaboration } from "./collab"
import { remoteCursors } from "./remote"
import { basics, font, keysPack, slots, tabs, writable } from "./setup"

interface Props {
  collab: Collaboration
  sessionId: string
  root: string
  name: string
  language: string
  canWrite: boolean
  blames: boolean
  follows: number | null
}

function open(parent: HTMLElement, { collab, root, name, canWrite }: Props): EditorView {
  const text = collab.doc.getText(root)
  const undo = new Y.UndoManager(text)
  const state = EditorState.create({
    doc: text.toString(),
    extensions: [
      slots.keys.of([]),
      keymap.of(yUndoManagerKeymap),
      basics(name),
      slots.language.of([]),
      slots.tabs.of(tabs(tabSize.value)),
      slots.font.of(font(fontSize.value)),
      slots.wraps.of([]),
      slots.writable.of(writable(canWrite)),
      slots.blame.of([]),
      yCollab(text, null, { undoManager: undo }),
      remoteCursors(text, collab.provider.awareness),
    ],
  })
  const view = new EditorView({ state, parent })
  collab.say("root", root)
  return view
}

/** Tell others what part of the text is on the screen, so that they can follow. */
function tellViewport(view: EditorView, collab: Collaboration, root: string): () => void {
  let timer = 0
  const scrolled = () => {
    clearTimeout(timer)
    timer = window.setTimeout(() => {
      const top = view.lineBlockAtHeight(view.scrollDOM.scrollTop).from
      collab.say(
        "top",
        Y.createRelativePositionFromTypeIndex(collab.doc.getText(root), Math.min(top, collab.doc.getText(root).length)),
      )
    }, 200)
  }
  view.scrollDOM.addEventListener("scroll", scrolled)
  return () => {
    clearTimeout(timer)
    view.scrollDOM.removeEventListener("scroll", scrolled)
  }
}

/** Scroll to where somebody else is. */
function follow(view: EditorView, collab: Collaboration, clientId: number, root: string): () => void {
  return effect(() => {
    const person = collab.people.value.find((one) => one.clientId === clientId)
    const place = person?.top ?? person?.cursor?.head
    if (!person || person.root !== root || !place) return
    const found = Y.createAbsolutePositionFromRelativePosition(Y.createRelativePositionFromJSON(place), collab.doc)
    if (found && found.index <= view.state.doc.length)
      view.dispatch({ effects: EditorView.scrollIntoView(found.index, { y: person.top ? "start" : "center" }) })
  })
}

function useSlots(view: { current: EditorView | null }, props: Props): void {
  const { root, name, language, canWrite, blames, sessionId } = props
  useEffect(() => {
    const use = (pack: Extension) => view.current?.dispatch({ effects: slots.language.reconfigure(pack) })
    return cancellable(languagePack(name, language), use)
  }, [root, name, language])
  useEffect(() => view.current?.dispatch({ effects: slots.writable.reconfigure(writable(canWrite)) }), [root, canWrite])
  useEffect(() => {
    if (!blames) {
      view.current?.dispatch({ effects: slots.blame.reconfigure([]) })
      return
    }
    const use = (gutter: Extension) => view.current?.dispatch({ effects: slots.blame.reconfigure(gutter) })
    return cancellable(blameGutter(sessionId, root), use, (error) => tell(words(error)))
  }, [root, blames])
}

export function Editor(props: Props) {
  const { collab, root, follows } = props
  const parent = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView | null>(null)
  useEffect(() => {
    const opened = (view.current = open(parent.current!, props))
    const stops = [
      effect(() => opened.dispatch({ effects: slots.tabs.reconfigure(tabs(tabSize.value)) })),
      effect(() => opened.dispatch({ effects: slots.font.reconfigure(font(fontSize.value)) })),
      effect(() => opened.dispatch({ effects: slots.wraps.reconfigure(wraps.value ? EditorView.lineWrapping : []) })),
      effect(() =>
        cancellable(keysPack(keys.value), (pack) => opened.dispatch({ effects: slots.keys.reconfigure(pack) })),
      ),
      tellViewport(opened, collab, root),
    ]
    return () => {
      for (const stop of stops) stop()
      opened.destroy()
      view.current = null
    }
  }, [root])
  useSlots(view, props)
  useEffect(
    () => (follows !== null && view.current ? follow(view.current, collab, follows, root) : undefined),
    [follows, root],
  )
  return <div class="editor" ref={parent} data-testid="editor" />
}
