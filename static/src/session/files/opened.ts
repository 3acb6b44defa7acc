// The files that are open as tabs, and the one that is shown. A tab of the browser remembers them
// for each session until the tab is closed.
import { MAIN_ROOT } from "../../lib/files"

export interface Opened {
  /** in the order in which they were opened */
  tabs: readonly string[]
  /** the shown one; null if all were closed */
  root: string | null
}

/**
 * The most open files, more than anybody opens by hand. If one more is opened, the oldest tab
 * closes.
 */
const MAX_TABS = 50

export const FIRST: Opened = { tabs: [MAIN_ROOT], root: MAIN_ROOT }

export function withTab({ tabs }: Opened, root: string): Opened {
  return { tabs: tabs.includes(root) ? tabs : [...tabs, root].slice(-MAX_TABS), root }
}

/** Close a tab. If it was shown, the one after it is shown, or else the one before it. */
export function withoutTab({ tabs, root }: Opened, closed: string): Opened {
  const at = tabs.indexOf(closed)
  const rest = tabs.filter((tab) => tab !== closed)
  return {
    tabs: rest,
    root: root === closed ? (rest[Math.min(at, rest.length - 1)] ?? null) : root,
  }
}

const keyOf = (sessionId: string) => `opened.${sessionId}`

export function keepOpened(sessionId: string, opened: Opened): void {
  try {
    sessionStorage.setItem(keyOf(sessionId), JSON.stringify(opened))
  } catch {
    // the browser's storage is full: the next visit begins with the main file
  }
}

export function keptOpened(sessionId: string): Opened {
  try {
    const { tabs, root } = JSON.parse(sessionStorage.getItem(keyOf(sessionId)) ?? "") as Opened
    const isValid = Array.isArray(tabs) && tabs.every((tab) => typeof tab === "string")
    return isValid && (root === null || tabs.includes(root)) ? { tabs, root } : FIRST
  } catch {
    return FIRST
  }
}
