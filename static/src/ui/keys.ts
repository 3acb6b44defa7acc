import { useLayoutEffect } from "preact/hooks"

/**
 * Call `handle` for each key that is pressed on the page. It listens again after each render and
 * before the paint: `handle` always sees what the screen shows.
 */
export function useKeyDown(handle: (event: KeyboardEvent) => void): void {
  useLayoutEffect(() => {
    document.addEventListener("keydown", handle)
    return () => {
      document.removeEventListener("keydown", handle)
    }
  })
}
