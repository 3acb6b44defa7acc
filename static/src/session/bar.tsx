// The bar above the editor: title, language, save state, people, and links to other pages.
import { patch, words } from "../api"
import { LANGUAGES } from "../lib/languages"
import type { Session } from "../types"
import { tell } from "../ui/announce"
import { Avatar } from "../ui/avatar"
import { Brand, ThemeButton } from "../ui/shell"
import type { Participant } from "./live/collab"
import type { LiveSession } from "./live/live"
import type { SaveState } from "./live/saved"
import type { View } from "./view"

const SAVE_WORDS: Record<SaveState, string> = {
  saved: "Saved",
  saving: "Saving…",
  connecting: "Connecting…",
  offline: "Offline",
}
const SAVE_ABOUT: Record<SaveState, string> = {
  saved: "All that you typed is on the server's disk",
  saving: "Not everything is on the server's disk yet",
  connecting: "The server has not answered yet",
  offline: "What you type is kept in this browser, and merged when the connection is back",
}

interface SaveBadgeProps {
  state: SaveState
  canWrite: boolean
  isOut: boolean
}

function SaveBadge({ state, canWrite, isOut }: SaveBadgeProps) {
  if (isOut)
    return (
      <span
        class="save-state offline"
        role="status"
        data-testid="saved"
        title="This page has no connection any more"
      >
        Closed
      </span>
    )
  if (!canWrite && (state === "saved" || state === "saving"))
    return (
      <span class="save-state reading" title="You can read, but not type">
        Read-only
      </span>
    )
  return (
    <span class={`save-state ${state}`} role="status" data-testid="saved" title={SAVE_ABOUT[state]}>
      {SAVE_WORDS[state]}
    </span>
  )
}

function LanguageSwitch({ session, onChanged }: { session: Session; onChanged: () => void }) {
  const change = (language: string) =>
    patch(`/session/${session.id}`, { language }).then(onChanged, (error: unknown) =>
      tell(words(error)),
    )
  return (
    <select
      class="language"
      aria-label="Language"
      value={session.language}
      disabled={session.role !== "owner"}
      onChange={(event) => void change(event.currentTarget.value)}
    >
      {!LANGUAGES.some((one) => one.id === session.language) && (
        <option value={session.language}>{session.language}</option>
      )}
      {LANGUAGES.map((one) => (
        <option key={one.id} value={one.id}>
          {one.name}
        </option>
      ))}
    </select>
  )
}

function Here({
  people,
  myId,
  onClick,
}: {
  people: Participant[]
  myId: string
  onClick: () => void
}) {
  // another tab of the same user does not count as another person
  const others = people.filter((one) => one.id !== myId)
  const each = [...new Map(others.map((one) => [one.id, one])).values()]
  return (
    <button type="button" class="ghost people-here" onClick={onClick}>
      <span class="sr-only">
        {each.length} other {each.length === 1 ? "person" : "people"} here: show people
      </span>
      {each.slice(0, 4).map((one) => (
        <Avatar
          key={one.id}
          size={24}
          person={{ id: one.id, username: one.name, avatar: one.avatar }}
        />
      ))}
      {each.length > 4 && <span>+{each.length - 4}</span>}
      {each.length === 0 && <span aria-hidden="true">Only you</span>}
    </button>
  )
}

function ChatButton({ unread, view }: { unread: number; view: View }) {
  return (
    <button
      type="button"
      class="ghost"
      aria-expanded={view.side === "chat"}
      onClick={() => view.toggleSide("chat")}
    >
      Chat
      {unread > 0 && (
        <span class="badge" data-testid="unread">
          {unread}
          <span class="sr-only"> unread</span>
        </span>
      )}
    </button>
  )
}

function Icon({ label, icon, onClick }: { label: string; icon: string; onClick: () => void }) {
  return (
    <button type="button" class="icon" aria-label={label} title={label} onClick={onClick}>
      {icon}
    </button>
  )
}

interface Props {
  session: Session
  live: LiveSession
  view: View
  canWrite: boolean
  myId: string
  onChanged: () => void
}

function Buttons({ session, live, view, canWrite }: Props) {
  return (
    <nav aria-label="Session" class="bar-nav">
      <a class="button ghost" href={`/s/${session.id}/versions`}>
        Versions
      </a>
      <a class="button ghost" href={`/s/${session.id}/replay`}>
        Replay
      </a>
      <button type="button" class="ghost" aria-pressed={view.blames} onClick={view.toggleBlames}>
        Authors
      </button>
      <button
        type="button"
        class="ghost"
        aria-expanded={view.side === "people"}
        onClick={() => view.toggleSide("people")}
      >
        People
      </button>
      <ChatButton unread={live.log.unread.value} view={view} />
      {canWrite && (
        <button type="button" class="ghost" onClick={() => view.open("save")}>
          Save version
        </button>
      )}
      <ThemeButton />
      <Icon label="Settings" icon="⚙" onClick={() => view.open("settings")} />
      <Icon label="Keyboard shortcuts" icon="?" onClick={() => view.open("keys")} />
    </nav>
  )
}

export function Bar(props: Props) {
  const { session, live, view, canWrite, myId, onChanged } = props
  return (
    <header class="bar">
      <Brand />
      <h1 class="bar-title" dir="auto" title={session.title}>
        {session.title}
      </h1>
      <LanguageSwitch session={session} onChanged={onChanged} />
      <SaveBadge
        state={live.collab.saveState.value}
        canWrite={canWrite}
        isOut={live.collab.trouble.value?.remedy === "final"}
      />
      <span class="spring" />
      <Here
        people={live.collab.people.value}
        myId={myId}
        onClick={() => view.toggleSide("people")}
      />
      <button type="button" class="primary" onClick={() => view.open("share")}>
        Share
      </button>
      <Buttons {...props} />
    </header>
  )
}
