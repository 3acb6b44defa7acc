// The panel next to the editor: the chat, or the people.
import type { Session } from "../../types"
import { Chat } from "./chat"
import type { LiveSession } from "../live/live"
import { People } from "./people"
import type { View } from "../view"

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
        onInvite={() => view.open("invite")}
        onChanged={onChanged}
      />
    )
  const typing = [...new Set(people.filter((one) => one.typing && one.id !== myId).map((one) => one.name))]
  const isOut = collab.trouble.value?.remedy === "final" || collab.trouble.value?.remedy === "signIn"
  const hasEnded = session.status === "ended"
  const closed = hasEnded ? "The session has ended: the chat is read-only." : isOut ? "You cannot write here now." : ""
  return <Chat log={log} closed={closed} typing={typing} onTyping={collab.sayTyping} />
}

export function SidePanel(props: Props) {
  const { view } = props
  const title = view.side === "chat" ? "Chat" : "People"
  return (
    <aside class="side" aria-label={title}>
      <header class="side-head">
        <h2>{title}</h2>
        <button type="button" class="icon" aria-label="Close the panel" onClick={() => view.toggleSide(view.side)}>
          ✕
        </button>
      </header>
      <Panel {...props} />
    </aside>
  )
}
