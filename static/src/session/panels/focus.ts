// Moves the focus into the side panel, and back to where it was.
import { useLayoutEffect, useRef } from "preact/hooks"
import type { Side, View } from "../view"

const panel = () => document.querySelector<HTMLElement>(".side")

/** Whether the side panel has the focus. */
export const isInPanel = () => panel()?.contains(document.activeElement) ?? false

/** Whether the panel must take the focus as soon as its content is loaded. */
let awaitsContent = false

/** Focus the panel's text field, or else the first control of its content, or else of its head. */
function focusFirst(): void {
  // The text field is the first choice, although the first steps are above it.
  const selectors = ["textarea", ".panel button, .panel select", "button"]
  const elements = selectors.map((selector) => panel()?.querySelector<HTMLElement>(selector))
  elements.find((element) => element)?.focus()
}

/** Focus the panel when it is rendered. */
function enterPanel(): void {
  setTimeout(() => {
    awaitsContent = !panel()?.querySelector(".panel, textarea")
    focusFirst()
  })
}

/** The panel's content is rendered now: focus it if the user entered the panel before. */
export function panelFilled(): void {
  if (awaitsContent && isInPanel()) focusFirst()
  awaitsContent = false
}

/** Focus a panel, and open it if it is closed. If it has the focus already, close it. */
export function visit(view: View, side: Side): void {
  const closes = view.side === side && isInPanel()
  if (closes || view.side !== side) view.toggleSide(side)
  if (!closes) enterPanel()
}

/** When a panel closes, focus the element that had the focus before, or the text. */
export function useFocusBack() {
  const side = useRef<HTMLElement>(null)
  // a plain effect would clean up too late: the panel and the focus have left the page by then
  useLayoutEffect(() => {
    const before = document.activeElement
    const element = side.current
    return () => {
      if (!element?.contains(document.activeElement)) return
      const isThere =
        before instanceof HTMLElement && before !== document.body && before.isConnected
      const back = isThere ? before : document.querySelector<HTMLElement>("#editor .cm-content")
      back?.focus()
    }
  }, [])
  return side
}
