// The width of the window as a signal. Style sheets alone cannot replace one part of the page by
// another on a narrow screen.
import { type ReadonlySignal, signal } from "@preact/signals"

/** Whether the window is wider than a number of pixels. */
export function isWiderThan(px: number): ReadonlySignal<boolean> {
  const media = matchMedia(`(min-width: ${px + 1}px)`)
  const isWider = signal(media.matches)
  media.addEventListener("change", () => (isWider.value = media.matches))
  return isWider
}
