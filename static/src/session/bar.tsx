// The bar above the editor. On the left are the title and the save state of the session. The button
// in the middle runs the open file. On the right are the people, and links to other pages.
import { Avatar } from "../ui/avatar"
import { Icon, type IconName } from "../ui/icons"
import { Menu } from "../ui/menu"
import { Brand } from "../ui/shell"
import { actionsOf } from "./actions"
import type { Participant } from "./live/collab"
import type { SaveState } from "./live/saved"
import { LanguageSelect } from "./language"
import { othersOf, PanelButtons } from "./panels/buttons"
import { RunButton } from "./run/button"
import { Title } from "./title"
import type { Parts } from "./parts"

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

interface HereProps {
  people: Participant[]
  myId: string
  onClick: () => void
}

function Here({ people, myId, onClick }: HereProps) {
  const others = othersOf(people, myId)
  if (others.length === 0) return <span class="people-here">Only you</span>
  return (
    <button type="button" class="ghost people-here" onClick={onClick}>
      <span class="sr-only">
        {others.length} other {others.length === 1 ? "person" : "people"} here: show people
      </span>
      {others.slice(0, 4).map((person) => (
        <Avatar
          key={person.id}
          size={24}
          person={{ id: person.id, username: person.name, avatar: person.avatar }}
        />
      ))}
      {others.length > 4 && <span>+{others.length - 4}</span>}
    </button>
  )
}

/** The text of a button or a link. If the bar has little space, only its icon is shown. */
function Label({ icon, text }: { icon: IconName; text: string }) {
  return (
    <>
      <Icon name={icon} />
      <span class="bar-label">{text}</span>
    </>
  )
}

function History({ session, view }: Parts) {
  return (
    <div role="group" aria-label="History" class="bar-group">
      <a class="button ghost" href={`/s/${session.id}/versions`} title="Versions (Alt+V)">
        <Label icon="versions" text="Versions" />
      </a>
      <a class="button ghost" href={`/s/${session.id}/replay`} title="Replay">
        <Label icon="replay" text="Replay" />
      </a>
      <button
        type="button"
        class="ghost"
        title="Who wrote each line"
        aria-pressed={view.blames}
        onClick={view.toggleBlames}
      >
        <Label icon="authors" text="Authors" />
      </button>
    </div>
  )
}

function More({ session, view, canWrite }: Parts) {
  const actions = actionsOf(session, view, canWrite)
  return (
    <Menu
      label="More"
      groups={[
        { items: actions.history, isForNarrow: true },
        { items: [...actions.save, ...actions.session] },
        { items: actions.app },
      ]}
    />
  )
}

export function Bar(props: Parts) {
  const { session, live, view, canWrite, myId, running, onChanged } = props
  return (
    <header class="bar">
      <div class="bar-start">
        <Brand />
        <Title session={session} onChanged={onChanged} />
        <LanguageSelect label="Language" session={session} state={live.state} />
        <SaveBadge
          state={live.collab.saveState.value}
          canWrite={canWrite}
          isOut={live.collab.trouble.value?.remedy === "final"}
        />
      </div>
      <RunButton runs={live.runs} running={running} />
      <nav aria-label="Session" class="bar-end">
        <Here
          people={live.collab.people.value}
          myId={myId}
          onClick={() => view.toggleSide("people")}
        />
        <button type="button" class="primary bar-share" onClick={() => view.open("share")}>
          <Icon name="share" size={16} />
          <span>Share</span>
        </button>
        <PanelButtons view={view} live={live} myId={myId} running={running} />
        <History {...props} />
        <More {...props} />
      </nav>
    </header>
  )
}
