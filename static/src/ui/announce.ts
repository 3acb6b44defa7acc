// Tells people, and screen readers, about things that happen while the user does something else.
import { signal } from "@preact/signals"

/** What screen readers say, and what the corner of the screen shows; "" for nothing. */
export const said = signal("")
export const toast = signal("")
/** How many modal dialogs are open. */
export const dialogs = signal(0)
let timer = 0
/** Milliseconds that people need for a character. */
const READ_MS = 70

/** A dialog opened; return what is called when it closes. */
export function dialogOpened(): () => void {
  dialogs.value += 1
  return () => {
    dialogs.value -= 1
  }
}

export function announce(text: string): void {
  said.value = said.value === text ? text + "\u00a0" : text
}

/** Say something to everybody: in a corner of the screen, and to screen readers. */
export function tell(text: string): void {
  announce(text)
  toast.value = text
  clearTimeout(timer)
  timer = window.setTimeout(() => (toast.value = ""), Math.max(6000, text.length * READ_MS))
}
