// The buttons that open the panels: in the bar, and on a phone at the foot of the screen.
import type { ComponentChildren } from "preact"
import { Icon, type IconName } from "../../ui/icons"
import type { Participant } from "../live/collab"
import type { LiveSession } from "../live/live"
import { RunButton } from "../run/button"
import type { Running } from "../run/running"
import type { Side, View } from "../view"

/** All other people in the session. Other tabs of the same user do not count. */
export function othersOf(people: Participant[], myId: string): Participant[] {
  const others = people.filter((person) => person.id !== myId)
  return [...new Map(others.map((person) => [person.id, person])).values()]
}

interface ButtonProps {
  view: View
  side: Exclude<Side, "">
  icon: IconName
  label: string
  keys: string
  children: ComponentChildren
}

function PanelButton({ view, side, icon, label, keys, children }: ButtonProps) {
  return (
    <button
      type="button"
      class="ghost"
      title={`${label} (${keys})`}
      aria-expanded={view.side === side}
      onClick={() => view.toggleSide(side)}
    >
      <Icon name={icon} />
      <span class="panel-label">{label}</span>
      {children}
    </button>
  )
}

interface Props {
  live: LiveSession
  view: View
  myId: string
  running: Running
}

export function PanelButtons({ live, view, myId, running }: Props) {
  const unread = live.log.unread.value
  const here = othersOf(live.collab.people.value, myId).length
  return (
    <div role="group" aria-label="Panels" class="panel-buttons">
      <button
        type="button"
        class="ghost foot-files"
        aria-expanded={view.showsFiles}
        onClick={view.toggleFiles}
      >
        <Icon name="files" />
        <span class="panel-label">Files</span>
      </button>
      <PanelButton view={view} side="chat" icon="chat" label="Chat" keys="Alt+C">
        {unread > 0 && (
          <span class="badge" data-testid="unread">
            {unread}
            <span class="sr-only"> unread</span>
          </span>
        )}
      </PanelButton>
      <PanelButton view={view} side="people" icon="people" label="People" keys="Alt+P">
        {here > 0 && (
          <span class="badge count" aria-hidden="true">
            {here + 1}
          </span>
        )}
      </PanelButton>
      <button
        type="button"
        class="ghost"
        title="Output of programs"
        aria-expanded={view.output}
        onClick={() => view.showOutput(!view.output)}
      >
        <Icon name="terminal" />
        <span class="panel-label">Output</span>
      </button>
      <RunButton runs={live.runs} isAtFoot running={running} />
    </div>
  )
}
