// The title of a session in its bar. Its owner renames the session there.
import { useLayoutEffect, useRef, useState } from "preact/hooks"
import { patch, words } from "../api"
import type { Session } from "../types"
import { tell } from "../ui/announce"
import { TitleField } from "../ui/title_field"

interface Props {
  session: Session
  onChanged: () => void
}

export function Title({ session, onChanged }: Props) {
  const [isRenaming, setIsRenaming] = useState(false)
  const { title } = session
  const button = useRef<HTMLButtonElement>(null)
  const wasRenaming = useRef(false)
  useLayoutEffect(() => {
    // the field had the focus and was removed, so focus the button
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
  if (isRenaming) return <TitleField className="bar-rename" title={title} onDone={rename} />
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
