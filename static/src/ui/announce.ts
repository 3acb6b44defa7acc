// Tells users and screen readers about events that happen while they do something else.
import { signal } from "@preact/signals"

/** The text for screen readers, and the text in the corner of the screen; "" for none. */
export const said = signal("")
export const toast = signal("")
/** The number of open modal dialogs. */
export const dialogs = signal(0)
let timer = 0
/** Milliseconds that people need to read a character. */
const READ_MS = 70

/** Note that a dialog has opened. Return a function to call when it closes. */
export function dialogOpened(): () => void {
  dialogs.value += 1
  return () => {
    dialogs.value -= 1
  }
}

export function announce(text: string): void {
  said.value = said.value === text ? text + "\u00a0" : text
}

/** Tell all users: in a corner of the screen, and by screen reader. */
export function tell(text: string): void {
  announce(text)
  toast.value = text
  clearTimeout(timer)
  timer = window.setTimeout(() => (toast.value = ""), Math.max(6000, text.length * READ_MS))
}
