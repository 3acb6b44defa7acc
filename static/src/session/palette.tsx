// The commands of a session, which users find by their names.
import { useEffect, useId, useRef, useState } from "preact/hooks"
import { Dialog } from "../ui/dialog"
import { Icon } from "../ui/icons"
import { moved } from "../ui/menu"
import type { Action } from "./actions"

/** The actions whose labels have all words of the query, in any order. */
export function matching(actions: Action[], query: string): Action[] {
  const words = query.toLowerCase().split(/\s+/)
  return actions.filter(({ label }) => words.every((word) => label.toLowerCase().includes(word)))
}

interface OptionProps {
  id: string
  action: Action
  isCurrent: boolean
  onChoose: () => void
}

function Option({ id, action, isCurrent, onChoose }: OptionProps) {
  const element = useRef<HTMLLIElement>(null)
  useEffect(() => {
    if (isCurrent) element.current?.scrollIntoView({ block: "nearest" })
  }, [isCurrent])
  return (
    <li id={id} ref={element} role="option" aria-selected={isCurrent} onClick={onChoose}>
      <Icon name={action.icon} />
      <span dir="auto">{action.label}</span>
      {action.keys && <kbd aria-hidden="true">{action.keys}</kbd>}
    </li>
  )
}

interface Props {
  actions: Action[]
  onClose: () => void
}

export default function Palette({ actions, onClose }: Props) {
  const [query, setQuery] = useState("")
  const [at, setAt] = useState(0)
  const input = useRef<HTMLInputElement>(null)
  const id = useId()
  useEffect(() => input.current?.focus(), [])
  const matches = matching(actions, query)
  const current = Math.min(at, matches.length - 1)
  const choose = (action: Action | undefined) => {
    if (!action) return
    onClose()
    action.act()
  }
  const pressed = (event: KeyboardEvent) => {
    // Home and End move the cursor in the field
    const next = event.key.startsWith("Arrow")
      ? moved(event.key, current, matches.length)
      : undefined
    if (event.key === "Enter" && !event.isComposing) choose(matches[current])
    else if (next !== undefined) setAt(next)
    else return
    event.preventDefault()
  }
  return (
    <Dialog title="Commands" onClose={onClose}>
      <input
        ref={input}
        class="palette-query"
        role="combobox"
        aria-label="Find a command"
        placeholder="Find a command"
        aria-expanded="true"
        aria-controls={`${id}-list`}
        aria-activedescendant={matches.length ? `${id}-${current}` : undefined}
        autocomplete="off"
        value={query}
        onInput={(event) => {
          setQuery(event.currentTarget.value)
          setAt(0)
        }}
        onKeyDown={pressed}
      />
      <ul id={`${id}-list`} role="listbox" aria-label="Commands" class="palette plain">
        {matches.map((action, index) => (
          <Option
            key={action.label}
            id={`${id}-${index}`}
            action={action}
            isCurrent={index === current}
            onChoose={() => choose(action)}
          />
        ))}
      </ul>
      {matches.length === 0 && (
        <p class="quiet" role="status">
          No command has these words.
        </p>
      )}
    </Dialog>
  )
}
