// The title of a session in its bar. Its owner renames the session there.
import type { TargetedSubmitEvent } from "preact"
import { useLayoutEffect, useRef, useState } from "preact/hooks"
import { patch, words } from "../api"
import type { Session } from "../types"
import { tell } from "../ui/announce"
import { textOf } from "../ui/form"

interface Props {
  session: Session
  onChanged: () => void
}

interface FieldProps {
  title: string
  onDone: (title: string) => void
}

function Field({ title, onDone }: FieldProps) {
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
    done(textOf(new FormData(event.currentTarget).get("title")))
  }
  const pressed = (event: KeyboardEvent) => {
    if (event.key !== "Escape") return
    event.preventDefault()
    done(title)
  }
  return (
    <form class="bar-rename" onSubmit={send}>
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

export function Title({ session, onChanged }: Props) {
  const [isRenaming, setIsRenaming] = useState(false)
  const { title } = session
  const button = useRef<HTMLButtonElement>(null)
  const wasRenaming = useRef(false)
  useLayoutEffect(() => {
    // the field that was removed had the focus
    if (!isRenaming && wasRenaming.current && document.activeElement === document.body)
      button.current?.focus()
    wasRenaming.current = isRenaming
  }, [isRenaming])
  const rename = (given: string) => {
    setIsRenaming(false)
    const next = given.trim()
    if (!next || next === title) return
    patch(`/session/${session.id}`, { title: next }).then(onChanged, (error: unknown) =>
      tell(words(error)),
    )
  }
  if (isRenaming) return <Field title={title} onDone={rename} />
  return (
    <h1 class="bar-title" dir="auto" title={title}>
      {session.role === "owner" ? (
        <button
          ref={button}
          type="button"
          class="ghost"
          title={`${title}: rename the session`}
          onClick={() => setIsRenaming(true)}
        >
          <span>{title}</span>
        </button>
      ) : (
        title
      )}
    </h1>
  )
}
