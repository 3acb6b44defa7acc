// Tabs for the session's files, and after them for its read-only maps, lists and XML.
import type { TargetedSubmitEvent } from "preact"
import { useLayoutEffect, useRef, useState } from "preact/hooks"
import { fileName } from "../lib/files"
import { textOf } from "../ui/form"

interface Props {
  roots: string[]
  /** names of roots that are not texts */
  others: string[]
  current: string
  suffix: string
  canWrite: boolean
  onSelect: (root: string) => void
  onAdd: (name: string) => void
}

export function Tabs({ roots, others, current, suffix, canWrite, onSelect, onAdd }: Props) {
  const [isAdding, setIsAdding] = useState(false)
  const wasAdding = useRef(false)
  const opener = useRef<HTMLButtonElement>(null)
  const input = useRef<HTMLInputElement>(null)
  // The focus must move before the next key press. A plain effect runs after the paint, and would
  // lose the first letters of a fast typist.
  useLayoutEffect(() => {
    if (isAdding) input.current?.focus()
    else if (wasAdding.current) opener.current?.focus()
    wasAdding.current = isAdding
  }, [isAdding])
  const add = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    const name = textOf(new FormData(event.currentTarget).get("file")).trim()
    setIsAdding(false)
    if (name) onAdd(name)
  }
  const all = [...roots, ...others]
  const pressed = (event: KeyboardEvent) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0
    if (!step) return
    const next = all[(all.indexOf(current) + step + all.length) % all.length]
    if (next === undefined) return
    onSelect(next)
    document.getElementById(`tab-${next}`)?.focus()
  }
  return (
    <div class="tabs">
      <div role="tablist" aria-label="Files" onKeyDown={pressed}>
        {all.map((root) => (
          <button
            key={root}
            id={`tab-${root}`}
            type="button"
            role="tab"
            aria-selected={root === current}
            tabIndex={root === current ? 0 : -1}
            onClick={() => onSelect(root)}
          >
            {fileName(root, suffix)}
            {others.includes(root) && <span class="tag">read only</span>}
          </button>
        ))}
      </div>
      {canWrite && !isAdding && (
        <button
          ref={opener}
          type="button"
          class="icon"
          aria-label="Add a file"
          title="Add a file"
          onClick={() => setIsAdding(true)}
        >
          +
        </button>
      )}
      {isAdding && (
        <form onSubmit={add}>
          <input
            ref={input}
            name="file"
            aria-label="Name of the new file"
            placeholder="name.py"
            maxLength={60}
            onKeyDown={(event) => event.key === "Escape" && setIsAdding(false)}
          />
        </form>
      )}
    </div>
  )
}
