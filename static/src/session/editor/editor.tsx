// One text of the session in CodeMirror.
import { effect, untracked } from "@preact/signals"
import { EditorState, type Extension, type StateEffect } from "@codemirror/state"
import { EditorView, keymap } from "@codemirror/view"
import { useEffect, useLayoutEffect, useRef } from "preact/hooks"
import { yCollab, yUndoManagerKeymap } from "y-codemirror.next"
import * as Y from "yjs"
import { words } from "../../api"
import { languagePack } from "../../lib/languages"
import { fontSize, isDark, keys, tabSize, wraps } from "../../settings"
import { tell } from "../../ui/announce"
import { cancellable } from "../../ui/cancellable"
import { blameGutter } from "./blame"
import type { Collaboration } from "../live/collab"
import { remoteCursors } from "./remote"
import { Symbols } from "./symbols"
import { basics, dark, font, keysPack, label, slots, tabs, writable } from "./setup"

interface Props {
  collab: Collaboration
  sessionId: string
  root: string
  name: string
  language: string
  canWrite: boolean
  blames: boolean
  follows: number | null
  onFollow: (clientId: number | null) => void
}

/**
 * Open the editor of a text. It has slots, whose content changes while it is open. Effects fill
 * them.
 */
function open(parent: HTMLElement, collab: Collaboration, root: string): EditorView {
  const text = collab.doc.getText(root)
  const undo = collab.places.undoOf(root)
  const { selection, scrollTo } = collab.places.startOf(root)
  const state = EditorState.create({
    doc: text.toJSON(),
    ...(selection && { selection }),
    extensions: [
      slots.keys.of([]),
      keymap.of(yUndoManagerKeymap),
      basics,
      slots.name.of([]),
      slots.language.of([]),
      slots.tabs.of(tabs(tabSize.value)),
      slots.font.of(font(fontSize.value)),
      slots.wraps.of([]),
      slots.writable.of(writable(false)),
      slots.blame.of([]),
      slots.theme.of(dark(isDark.value)),
      yCollab(text, null, { undoManager: undo }),
      remoteCursors(text, collab.provider.awareness, collab.userId),
    ],
  })
  const view = new EditorView({ state, parent, ...(scrollTo && { scrollTo }) })
  collab.say("root", root)
  if (collab.places.isEntered(root)) view.focus()
  return view
}

/** Tell others which part of the text is on this screen, so that they can follow this user. */
function tellViewport(view: EditorView, collab: Collaboration, root: string): () => void {
  let timer = 0
  const scrolled = () => {
    clearTimeout(timer)
    timer = window.setTimeout(() => {
      const top = view.lineBlockAtHeight(view.scrollDOM.scrollTop).from
      collab.say(
        "top",
        Y.createRelativePositionFromTypeIndex(
          collab.doc.getText(root),
          Math.min(top, collab.doc.getText(root).length),
        ),
      )
    }, 200)
  }
  view.scrollDOM.addEventListener("scroll", scrolled)
  return () => {
    clearTimeout(timer)
    view.scrollDOM.removeEventListener("scroll", scrolled)
  }
}

/** Scroll to the followed person's position each time that they have moved. */
function follow(
  view: EditorView,
  collab: Collaboration,
  clientId: number,
  root: string,
): () => void {
  let shown: unknown
  return effect(() => {
    const person = collab.people.value.find((person) => person.clientId === clientId)
    const place = person?.top ?? person?.cursor?.head
    if (person?.root !== root || !place || place === shown) return
    shown = place
    const absolute = Y.createAbsolutePositionFromRelativePosition(
      Y.createRelativePositionFromJSON(place),
      collab.doc,
    )
    if (absolute && absolute.index <= view.state.doc.length) {
      const effects = EditorView.scrollIntoView(absolute.index, {
        y: person.top ? "start" : "center",
      })
      // The user's own typing changes `people` too, during an update of this view, and then the view
      // cannot be updated. The update is over before a microtask runs.
      queueMicrotask(() => view.dispatch({ effects }))
    }
  })
}

/** Whether a key types or moves the cursor. A key that copies or opens something does not count. */
const isOwnKey = ({ key, ctrlKey, metaKey, altKey }: KeyboardEvent) =>
  /^(Arrow|Page|Home|End|Backspace|Delete|Enter|Tab)/.test(key) ||
  (key.length === 1 && !ctrlKey && !metaKey && !altKey)

/** Call `done` when the user types, scrolls or clicks in the view. Return a function to stop it. */
function watchOwnSteps({ dom }: EditorView, done: () => void): () => void {
  const pressed = (event: KeyboardEvent) => isOwnKey(event) && done()
  const others = ["beforeinput", "wheel", "touchmove", "pointerdown"]
  dom.addEventListener("keydown", pressed, true)
  for (const name of others) dom.addEventListener(name, done, { capture: true, passive: true })
  return () => {
    dom.removeEventListener("keydown", pressed, true)
    for (const name of others) dom.removeEventListener(name, done, true)
  }
}

/**
 * Fill the slots of the view from the props. The effects depend on `root`, because each root has a
 * new view.
 */
function useSlots(view: { current: EditorView | null }, props: Props): void {
  const { collab, root, name, language, canWrite, blames, sessionId } = props
  useEffect(
    () => view.current?.dispatch({ effects: slots.name.reconfigure(label(name)) }),
    [view, collab, root, name],
  )
  useEffect(() => {
    const use = (pack: Extension) =>
      view.current?.dispatch({ effects: slots.language.reconfigure(pack) })
    return cancellable(languagePack(name, language), use)
  }, [view, collab, root, name, language])
  useEffect(
    () => view.current?.dispatch({ effects: slots.writable.reconfigure(writable(canWrite)) }),
    [view, collab, root, canWrite],
  )
  useEffect(() => {
    if (!blames) {
      view.current?.dispatch({ effects: slots.blame.reconfigure([]) })
      return
    }
    const use = (gutter: Extension) =>
      view.current?.dispatch({ effects: slots.blame.reconfigure(gutter) })
    return cancellable(blameGutter(sessionId, root), use, (error) => tell(words(error)))
  }, [view, collab, root, blames, sessionId])
}

/** Apply this browser's settings to the view. Return a function to stop this. */
function applySettings(view: EditorView, undo: Y.UndoManager): () => void {
  // A change of the view tells others the user's position, which reads other signals. These effects
  // must not depend on those signals.
  const fill = (effects: StateEffect<unknown>) => untracked(() => view.dispatch({ effects }))
  const stops = [
    effect(() => fill(slots.tabs.reconfigure(tabs(tabSize.value)))),
    effect(() => fill(slots.theme.reconfigure(dark(isDark.value)))),
    effect(() => fill(slots.font.reconfigure(font(fontSize.value)))),
    effect(() => fill(slots.wraps.reconfigure(wraps.value ? EditorView.lineWrapping : []))),
    effect(() =>
      cancellable(
        keysPack(keys.value, undo),
        (pack) => fill(slots.keys.reconfigure(pack)),
        () => tell("These keys could not be loaded: load the page again"),
      ),
    ),
  ]
  return () => stops.forEach((stop) => stop())
}

export function Editor(props: Props) {
  const { collab, root, follows, onFollow } = props
  const parent = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView | null>(null)
  useLayoutEffect(() => {
    if (!parent.current) return
    const opened = (view.current = open(parent.current, collab, root))
    const stops = [
      applySettings(opened, collab.places.undoOf(root)),
      tellViewport(opened, collab, root),
    ]
    return () => {
      collab.places.leave(root, opened)
      for (const stop of stops) stop()
      opened.destroy()
      view.current = null
    }
  }, [collab, root])
  useSlots(view, props)
  useEffect(() => {
    if (follows === null || !view.current) return
    const stops = [
      follow(view.current, collab, follows, root),
      watchOwnSteps(view.current, () => onFollow(null)),
    ]
    return () => stops.forEach((stop) => stop())
  }, [collab, follows, root, onFollow])
  return (
    <>
      <div class="editor" ref={parent} data-testid="editor" />
      {props.canWrite && (
        <Symbols
          view={view}
          undo={() => collab.places.undoOf(root).undo()}
          onUse={() => onFollow(null)}
        />
      )}
    </>
  )
}
