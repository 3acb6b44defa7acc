// The panel next to the editor: the chat, or the people.
import { Suspense } from "preact/compat"
import { showsStart } from "../../settings"
import type { Session } from "../../types"
import { lazily } from "../../ui/boundary"
import { Icon } from "../../ui/icons"
import type { LiveSession } from "../live/live"
import type { View } from "../view"
import { Chat } from "./chat"
import { useFocusBack } from "./focus"
import { isNew, Start } from "./start"

const People = lazily(() => import("./people"))

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
      <Suspense fallback={null}>
        <People
          session={session}
          myId={myId}
          here={people}
          follows={view.follows}
          onFollow={view.follow}
          onInvite={() => view.open("share")}
          onChanged={onChanged}
        />
      </Suspense>
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
