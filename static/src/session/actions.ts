// The actions of an open session. The menu of the bar and the command palette list them.
import { fileName } from "../lib/files"
import { suffixOf } from "../lib/languages"
import { go } from "../router"
import { isDark, nextTheme } from "../settings"
import type { Session } from "../types"
import type { IconName } from "../ui/icons"
import type { LiveSession } from "./live/live"
import { visit } from "./panels/side"
import type { View } from "./view"

export interface Action {
  label: string
  icon: IconName
  /** as dialogs/shortcuts.tsx writes them */
  keys?: string
  act: () => void
}

interface Actions {
  save: Action[]
  history: Action[]
  panels: Action[]
  session: Action[]
  app: Action[]
}

const forOwner = (session: Session, view: View): Action[] => [
  {
    label: session.status === "open" ? "End session…" : "Open the session again…",
    icon: "end",
    act: () => view.open("end"),
  },
]

export function actionsOf(session: Session, view: View, canWrite: boolean): Actions {
  const page = `/s/${session.id}`
  const save: Action = {
    label: "Save version",
    icon: "save",
    keys: "Ctrl+S",
    act: () => view.open("save"),
  }
  return {
    save: canWrite ? [save] : [],
    history: [
      { label: "Versions", icon: "versions", keys: "Alt+V", act: () => go(`${page}/versions`) },
      { label: "Replay", icon: "replay", act: () => go(`${page}/replay`) },
      {
        label: view.blames ? "Hide authors" : "Show authors",
        icon: "authors",
        act: view.toggleBlames,
      },
    ],
    panels: [
      { label: "Chat", icon: "chat", keys: "Alt+C", act: () => visit(view, "chat") },
      { label: "People", icon: "people", keys: "Alt+P", act: () => visit(view, "people") },
    ],
    session: [
      { label: "Settings", icon: "settings", act: () => view.open("settings") },
      { label: "Export", icon: "export", act: () => view.open("export") },
      ...(session.role === "owner" ? forOwner(session, view) : []),
    ],
    app: [
      {
        label: isDark.value ? "Light theme" : "Dark theme",
        icon: isDark.value ? "sun" : "moon",
        act: nextTheme,
      },
      { label: "All commands…", icon: "search", keys: "Ctrl+K", act: () => view.open("palette") },
      { label: "Keyboard shortcuts", icon: "keyboard", keys: "?", act: () => view.open("keys") },
    ],
  }
}

interface Parts {
  session: Session
  live: LiveSession
  view: View
  canWrite: boolean
  myId: string
}

/** Files to go to, and people to follow. */
function places({ session, live, view, myId }: Parts): Action[] {
  const suffix = suffixOf(session.language)
  const { roots, others, people } = live.collab
  const follows: Action[] = people.value
    .filter((one) => one.id !== myId)
    .map(({ name, clientId }) => ({
      label: `Follow ${name}`,
      icon: "people",
      act: () => view.follow(clientId),
    }))
  const files: Action[] = [...roots.value, ...others.value].map((root) => ({
    label: `Go to ${fileName(root, suffix)}`,
    icon: "code",
    act: () => view.choose(root),
  }))
  return [...files, ...follows]
}

/** All that the command palette lists. */
export function allActions(parts: Parts): Action[] {
  const { session, view, canWrite } = parts
  const { save, history, panels, session: own, app } = actionsOf(session, view, canWrite)
  const share: Action = {
    label: "Share this session",
    icon: "share",
    act: () => view.open("share"),
  }
  const home: Action = { label: "All your sessions", icon: "previous", act: () => go("/") }
  return [
    share,
    ...save,
    ...history,
    ...panels,
    ...own,
    ...app.filter(({ keys }) => keys !== "Ctrl+K"),
    ...places(parts),
    home,
  ]
}
