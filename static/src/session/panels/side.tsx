// The panel next to the editor: the chat, or the people.
import { useLayoutEffect, useRef } from "preact/hooks"
import { showsStart } from "../../settings"
import type { Session } from "../../types"
import { Icon } from "../../ui/icons"
import { Chat } from "./chat"
import type { LiveSession } from "../live/live"
import { People } from "./people"
import { isNew, Start } from "./start"
import type { Side, View } from "../view"

interface Props {
  session: Session
  live: LiveSession
  view: View
  myId: string
  onChanged: () => void
}

function Panel({ session, live, view, myId, onChanged }: Props) {
  const { collab, log } = live
  const people = collab.people.value
  if (view.side === "people")
    return (
      <People
        session={session}
        myId={myId}
        here={people}
        follows={view.follows}
        onFollow={view.follow}
        onInvite={() => view.open("share")}
        onChanged={onChanged}
      />
    )
  const typing = [
    ...new Set(
      people.filter((person) => person.typing && person.id !== myId).map((person) => person.name),
    ),
  ]
  const isOut =
    collab.trouble.value?.remedy === "final" || collab.trouble.value?.remedy === "signIn"
  const hasEnded = session.status === "ended"
  const closed = hasEnded
    ? "The session has ended: the chat is read-only."
    : isOut
      ? "You cannot write here now."
      : ""
  const isOffline = collab.saveState.value === "offline"
  return (
    <Chat
      log={log}
      closed={closed}
      isOffline={isOffline}
      typing={typing}
      onTyping={collab.sayTyping}
      start={showsStart.value && isNew(session) && <Start session={session} state={live.state} />}
    />
  )
}

const panel = () => document.querySelector<HTMLElement>(".side")

/** Whether the side panel has the focus. */
export const isInPanel = () => panel()?.contains(document.activeElement) ?? false

/**
 * Focus the panel when it is rendered: its text field, or else its first control.
 */
function enterPanel(): void {
  setTimeout(() => {
    // The text field is the first choice, although the first steps are above it.
    const selectors = ["textarea", ".panel button, .panel select", "button"]
    const elements = selectors.map((selector) => panel()?.querySelector<HTMLElement>(selector))
    elements.find((element) => element)?.focus()
  })
}

/** Focus a panel, and open it if it is closed. If it has the focus already, close it. */
export function visit(view: View, side: Side): void {
  const closes = view.side === side && isInPanel()
  if (closes || view.side !== side) view.toggleSide(side)
  if (!closes) enterPanel()
}

/** When a panel closes, focus the element that had the focus before, or the text. */
export function useFocusBack() {
  const side = useRef<HTMLElement>(null)
  // a plain effect would clean up too late: the panel and the focus have left the page by then
  useLayoutEffect(() => {
    const before = document.activeElement
    const element = side.current
    return () => {
      if (!element?.contains(document.activeElement)) return
      const isThere =
        before instanceof HTMLElement && before !== document.body && before.isConnected
      const back = isThere ? before : document.querySelector<HTMLElement>("#editor .cm-content")
      back?.focus()
    }
  }, [])
  return side
}

export function SidePanel(props: Props) {
  const { view } = props
  const side = useFocusBack()
  const title = view.side === "chat" ? "Chat" : "People"
  return (
    <aside class="side" aria-label={title} ref={side}>
      <header class="side-head">
        <h2>{title}</h2>
        <button
          type="button"
          class="icon"
          aria-label="Close the panel"
          onClick={() => view.toggleSide(view.side)}
        >
          <Icon name="close" />
        </button>
      </header>
      <Panel {...props} />
    </aside>
  )
}
