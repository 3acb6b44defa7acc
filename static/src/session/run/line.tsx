// The field for a line that the running program waits for.
import { useEffect, useRef } from "preact/hooks"
import type { Typed } from "./typed"

export function Line({ typed }: { typed: Typed }) {
  const field = useRef<HTMLInputElement>(null)
  // The user has just started this program, or typed its last line.
  useEffect(() => field.current?.focus(), [])
  const send = (event: Event) => {
    event.preventDefault()
    typed.line(field.current?.value ?? "")
  }
  return (
    <form class="run-line" onSubmit={send}>
      <input
        ref={field}
        aria-label="Next line of the input"
        placeholder="Type a line"
        autocomplete="off"
        spellcheck={false}
      />
      <button class="small">Enter</button>
      <button type="button" class="small" onClick={() => typed.end()}>
        End of input
      </button>
    </form>
  )
}
