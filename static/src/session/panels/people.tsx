import { useLayoutEffect, useState } from "preact/hooks"
import { del, patch, words } from "../../api"
import type { Member, Session } from "../../types"
import { tell } from "../../ui/announce"
import { Avatar } from "../../ui/avatar"
import { Sure } from "../../ui/sure"
import type { Participant } from "../live/collab"
import { panelFilled } from "./focus"
import { HandOver } from "./handover"

interface Props {
  session: Session
  myId: string
  here: Participant[]
  follows: number | null
  onFollow: (clientId: number | null) => void
  onInvite: () => void
  onChanged: () => void
}

const WITH_ARTICLE: Record<string, string> = {
  editor: "an editor",
  viewer: "a viewer",
}

function OwnerTools({
  session,
  member,
  onChanged,
}: {
  session: Session
  member: Member
  onChanged: () => void
}) {
  const act = (work: Promise<unknown>, said: string) =>
    work.then(
      () => {
        tell(said)
        onChanged()
      },
      (error: unknown) => tell(words(error)),
    )
  const address = `/session/${session.id}/members/${member.id}`
  const [isHandingOver, setIsHandingOver] = useState(false)
  const choose = (list: HTMLSelectElement) => {
    const role = list.value
    if (role !== "owner")
      return act(patch(address, { role }), `${member.username} is now ${WITH_ARTICLE[role] ?? ""}`)
    // the list shows the present role until the user has confirmed the change
    list.selectedIndex = [...list.options].findIndex(({ value }) => value === member.role)
    setIsHandingOver(true)
    return Promise.resolve()
  }
  return (
    <span class="tools">
      <select
        aria-label={`Role of ${member.username}`}
        value={member.role}
        onChange={(event) => void choose(event.currentTarget)}
      >
        <option value="editor">editor</option>
        <option value="viewer">viewer</option>
        {!member.guest && <option value="owner">owner (hand over)…</option>}
      </select>
      <Sure
        label="Remove"
        name={`Remove ${member.username}`}
        question="Really remove"
        isSmall
        onSure={() => void act(del(address), `${member.username} was removed`)}
      />
      {isHandingOver && (
        <HandOver
          address={address}
          name={member.username}
          onDone={onChanged}
          onClose={() => setIsHandingOver(false)}
        />
      )}
    </span>
  )
}

function One({ member, props }: { member: Member; props: Props }) {
  const { session, myId, here, follows, onFollow } = props
  const person = here.find((person) => person.id === member.id)
  const isMe = member.id === myId
  const isFollowed = !!person && person.clientId === follows
  const otherTabs = isMe ? here.filter((tab) => tab.id === myId).length : 0
  return (
    <li class="member">
      <Avatar person={member} size={28} />
      <div class="member-who">
        <span class="member-name">
          <bdi>{member.username}</bdi>
          {isMe && " (you)"}
        </span>
        <span class="hint">
          {member.role}
          {member.guest && ", guest"}
          {isMe || person ? " · here" : ""}
          {otherTabs > 0 &&
            (otherTabs === 1 ? ", also in another tab" : `, also in ${otherTabs} other tabs`)}
        </span>
      </div>
      {person && !isMe && (
        <button
          type="button"
          class="small"
          aria-pressed={isFollowed}
          onClick={() => onFollow(isFollowed ? null : person.clientId)}
        >
          {isFollowed ? "Following" : "Follow"}
          <span class="sr-only"> {member.username}</span>
        </button>
      )}
      {session.role === "owner" && !isMe && member.role !== "owner" && (
        <OwnerTools session={session} member={member} onChanged={props.onChanged} />
      )}
    </li>
  )
}

export default function People(props: Props) {
  useLayoutEffect(panelFilled, [])
  const { session, here, onInvite } = props
  const isHere = (member: Member) =>
    here.some((person) => person.id === member.id) || member.id === props.myId
  const sorted = [...session.members].sort((a, b) => Number(isHere(b)) - Number(isHere(a)))
  return (
    <section class="panel" aria-label="People">
      {session.role === "owner" && (
        <button type="button" class="primary wide" onClick={onInvite}>
          Invite people
        </button>
      )}
      <ul class="members plain">
        {sorted.map((member) => (
          <One key={member.id} member={member} props={props} />
        ))}
      </ul>
    </section>
  )
}
