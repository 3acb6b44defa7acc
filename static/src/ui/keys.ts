import { useLayoutEffect } from "preact/hooks"

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
