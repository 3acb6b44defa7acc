// Tells screen readers about things that happen while the user does something else.
import { signal } from "@preact/signals"

const said = signal("")
export const toast = signal("")
let timer = 0
/** Milliseconds that people need for a character. */
const READ_MS = 70

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

export function Announcer() {
  return (
    <>
      <div class="sr-only" aria-live="polite" data-testid="announcer">
        {said}
      </div>
      {toast.value && (
        <div class="toast" aria-hidden="true">
          {toast.value}
        </div>
      )}
    </>
  )
}
