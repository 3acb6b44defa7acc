// The field in which the owner of a session renames it.
import type { TargetedSubmitEvent } from "preact"
import { useLayoutEffect, useRef } from "preact/hooks"
import { fieldText } from "../lib/fields"

interface Props {
  className: string
  title: string
  /** gets the new title, or the old one after Escape */
  onDone: (title: string) => void
}

export function TitleField({ className, title, onDone }: Props) {
  const input = useRef<HTMLInputElement>(null)
  // a field that is removed loses the focus, which must not count as a second answer
  const isDone = useRef(false)
  const done = (given: string) => {
    if (!isDone.current) onDone(given)
    isDone.current = true
  }
  useLayoutEffect(() => input.current?.select(), [])
  const send = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    done(fieldText(new FormData(event.currentTarget).get("title")))
  }
  const pressed = (event: KeyboardEvent) => {
    if (event.key !== "Escape") return
    event.preventDefault()
    done(title)
  }
  return (
    <form class={className} onSubmit={send}>
      <input
        ref={input}
        name="title"
        dir="auto"
        aria-label="Title of the session"
        defaultValue={title}
        maxLength={120}
        onKeyDown={pressed}
        onBlur={(event) => done(event.currentTarget.value)}
      />
    </form>
  )
}
