// The actions of an open session. The menu of the bar and the command palette list them.
import { go } from "../router"
import { isDark, nextTheme } from "../settings"
import type { Session } from "../types"
import type { IconName } from "../ui/icons"
import { deleteFiles, openFile, visitFiles } from "./files/acts"
import type { LiveSession } from "./live/live"
import { visit } from "./panels/focus"
import type { Running } from "./run/running"
import type { View } from "./view"

export interface Action {
  label: string
  icon: IconName
  /** the keyboard shortcut, as the palette and menus show it */
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
  running: Running
}

/** Files to go to, and people to follow. */
function places({ live, view, myId }: Parts): Action[] {
  const follows: Action[] = live.collab.people.value
    .filter((person) => person.id !== myId)
    .map(({ name, clientId }) => ({
      label: `Follow ${name}`,
      icon: "people",
      act: () => view.follow(clientId),
    }))
  const files: Action[] = live.files.value
    .filter((file) => !file.isDeleted)
    .map(({ root, name, isText }) => ({
      label: `Go to ${name}`,
      icon: isText ? "code" : "file",
      act: () => openFile(live, view, root),
    }))
  return [...files, ...follows]
}

/** Actions that list files, make a new one, and change or close the shown one. */
function fileActions({ live, view, canWrite }: Parts): Action[] {
  const shown = live.files.value.find(({ root }) => root === view.root)
  const list: Action = { label: "Files", icon: "files", keys: "Alt+F", act: () => visitFiles(view) }
  const close: Action | null = shown
    ? {
        label: `Close ${shown.name}`,
        icon: "close",
        keys: "Ctrl+Alt+W",
        act: () => view.closeTab(shown.root),
      }
    : null
  const isOwn = canWrite && live.collab.ready.value && live.changes.canChange()
  if (!isOwn) return close ? [list, close] : [list]
  const add: Action = {
    label: "New file",
    icon: "plus",
    keys: "Alt+N",
    act: () => view.startNaming({ what: "tab" }),
  }
  if (!shown?.isText || shown.isDeleted) return close ? [list, add, close] : [list, add]
  const { root, name } = shown
  return [
    list,
    add,
    {
      label: `Rename ${name}…`,
      icon: "pencil",
      act: () => view.startNaming({ what: "file", root }),
    },
    { label: `Delete ${name}`, icon: "trash", act: () => deleteFiles(live, view, [shown]) },
    ...(close ? [close] : []),
  ]
}

/** Actions that run or stop the program and its tests, and show or hide the output. */
function runActions({ live, view, running }: Parts): Action[] {
  const run: Action = {
    label: `Run ${running.name}`,
    icon: "run",
    keys: "Ctrl+Enter",
    act: running.start,
  }
  const tests: Action = {
    label: "Run the tests",
    icon: "run",
    keys: "Ctrl+Shift+Enter",
    act: () => {
      view.showOutput(true)
      void live.tests.runAll(running.find)
    },
  }
  const stop: Action = { label: "Stop the program", icon: "stop", act: () => live.runs.stop() }
  const output: Action = {
    label: view.output ? "Hide the output" : "Output",
    icon: "terminal",
    act: () => view.showOutput(!view.output),
  }
  if (live.runs.phase.value !== "idle") return [stop, output]
  return running.mayRun ? [run, tests, output] : [output]
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
    ...runActions(parts),
    ...fileActions(parts),
    ...own,
    ...app.filter(({ keys }) => keys !== "Ctrl+K"),
    ...places(parts),
    home,
  ]
}
