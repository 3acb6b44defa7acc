// Tells users and screen readers about events that happen while they do something else.
import { signal } from "@preact/signals"

/** A message in the corner of the screen, perhaps with a button that undoes an action. */
export interface Told {
  text: string
  action?: { label: string; act: () => void } | undefined
  /** whether it stays until the user answers */
  isOffer?: boolean
}

/** The text for screen readers, "" for none; and the message in the corner of the screen. */
export const said = signal("")
export const toast = signal<Told | null>(null)
/** The number of open modal dialogs. */
export const dialogs = signal(0)
let timer = 0
/** An offer that the user has not answered. Another text may cover it for some seconds. */
let offered: Told | null = null
/** Milliseconds that people need to read a character, and to reach for a button. */
const READ_MS = 70
const ACT_MS = 12_000

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

/** The toast has been read or answered. An offer that it covered is shown again. */
export function endToast(): void {
  clearTimeout(timer)
  if (toast.value === offered) offered = null
  toast.value = offered
}

/** Show a text in the corner of the screen, and let screen readers say it. */
export function tell(text: string, action?: Told["action"]): void {
  announce(text)
  toast.value = { text, action }
  clearTimeout(timer)
  timer = window.setTimeout(endToast, Math.max(action ? ACT_MS : 6000, text.length * READ_MS))
}

/** Tell all users of something that they may do. It stays until they do it, or put it off. */
export function offer(text: string, action: NonNullable<Told["action"]>): void {
  announce(text)
  const isCovered = toast.value !== null && toast.value !== offered
  offered = { text, action, isOffer: true }
  if (!isCovered) toast.value = offered
}
