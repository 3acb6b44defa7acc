// Keys that are pressed anywhere on a page.
import { useLayoutEffect } from "preact/hooks"

/** The keys of a press. Some browsers report AltGr as Ctrl and Alt. */
type Press = Pick<KeyboardEvent, "altKey" | "ctrlKey" | "metaKey" | "getModifierState">

/**
 * Whether a key that is pressed with Alt is a command. Keys with AltGr make characters. On a Mac,
 * keys with Alt do so, too: German Macs have brackets at Alt+5 and Alt+6.
 */
export function isAltCommand(event: Press, isTyping: boolean, userAgent: string): boolean {
  const { altKey, ctrlKey, metaKey } = event
  if (!altKey || ctrlKey || metaKey || event.getModifierState("AltGraph")) return false
  return !(isTyping && userAgent.includes("Mac OS X"))
}

/**
 * Call `handle` for each key that is pressed on the page. The effect runs after each render and
 * before the paint, so `handle` always has the state that the screen shows.
 */
export function useKeyDown(handle: (event: KeyboardEvent) => void): void {
  useLayoutEffect(() => {
    document.addEventListener("keydown", handle)
    return () => {
      document.removeEventListener("keydown", handle)
    }
  })
}
