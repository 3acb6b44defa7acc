// The keyboard shortcuts of a session's page. dialogs/shortcuts.tsx lists them for users.
import { go } from "../router"
import { isAltCommand, useKeyDown } from "../ui/keys"
import { closeFile, visitFiles } from "./files/acts"
import type { LiveSession } from "./live/live"
import { isInPanel, visit } from "./panels/focus"
import type { View } from "./view"

/**
 * Whether the focused element needs plain keys itself. A read-only text counts too, because people
 * try to type there.
 */
const isTyping = (target: EventTarget | null) =>
  target instanceof Element &&
  target.closest("input, textarea, select, .cm-editor, dialog") !== null

/**
 * Whether a key is Ctrl+K and the editor has not used it. It does so on a Mac and with Vim's keys.
 */
const isPalette = (event: KeyboardEvent) =>
  (event.ctrlKey || event.metaKey) &&
  !event.shiftKey &&
  !event.altKey &&
  !event.defaultPrevented &&
  event.key.toLowerCase() === "k"

/**
 * Do the action of Escape: stop following, or close the panel. Return whether a panel was closed.
 */
function escape(view: View, target: EventTarget | null): boolean {
  const isFollowing = view.follows !== null
  if (isFollowing) view.follow(null)
  const closes = view.side !== "" && (isInPanel() || (!isTyping(target) && !isFollowing))
  if (closes) view.toggleSide(view.side)
  return closes
}

/**
 * Whether a key is Ctrl+Enter outside of the chat and of fields, where Enter has another meaning.
 */
export const isRun = (event: KeyboardEvent) =>
  (event.ctrlKey || event.metaKey) &&
  event.key === "Enter" &&
  !(event.target instanceof Element && event.target.closest(".side, dialog, input, select"))

/** The actions of the shortcuts that run programs. */
interface RunKeys {
  run: () => void
  runTests: () => void
}

export function useShortcuts(view: View, live: LiveSession, id: string, keys: RunKeys): void {
  const act = (event: KeyboardEvent): boolean => {
    const isAlt = isAltCommand(event, isTyping(event.target), navigator.userAgent)
    const file =
      isAlt && /^Digit[1-9]$/.test(event.code)
        ? view.tabs[Number(event.code.at(-1)) - 1]
        : undefined
    if (event.ctrlKey && event.altKey && event.code === "KeyW") closeFile(live, view)
    else if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") view.open("save")
    else if (isPalette(event)) {
      if (view.dialog === "") view.open("palette")
    } else if (isRun(event)) (event.shiftKey ? keys.runTests : keys.run)()
    else if (event.key === "?" && !isTyping(event.target)) view.open("keys")
    else if (isAlt && event.code === "KeyC") visit(view, "chat")
    else if (isAlt && event.code === "KeyP") visit(view, "people")
    else if (isAlt && event.code === "KeyV") go(`/s/${id}/versions`)
    else if (isAlt && event.code === "KeyF") visitFiles(view)
    else if (isAlt && event.code === "KeyN") view.startNaming({ what: "tab" })
    else if (event.key === "Escape" && !event.isComposing)
      return !event.defaultPrevented && escape(view, event.target)
    else if (file !== undefined) view.choose(file)
    else return false
    return true
  }
  useKeyDown((event) => {
    if (act(event)) event.preventDefault()
  })
}
