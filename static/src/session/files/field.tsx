// The field for the name of a file or folder. While the user types, it says why the name cannot be
// used.
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks"
import { normalName } from "./names"

interface Props {
  label: string
  /** the name in the field when it opens */
  value?: string
  /** returns why a name cannot be used; "" if it can */
  why: (name: string) => string
  onName: (name: string) => void
  /**
   * Called if the user gave up or changed nothing. isByKey: the user pressed Escape or Enter, so
   * the focus is still in the field and must be moved. If false, the user has moved the focus.
   */
  onCancel: (isByKey: boolean) => void
}

/**
 * The field may be in a row of the tree. A click on the row opens its file or its menu, so a click
 * in the field must not reach the row.
 */
const keepHere = (event: Event) => event.stopPropagation()

/** Select the part that users usually change: the last part of the name, without its suffix. */
function selectBase(input: HTMLInputElement, value: string): void {
  const start = value.lastIndexOf("/") + 1
  const dot = value.lastIndexOf(".")
  input.setSelectionRange(start, dot > start ? dot : value.length)
}

export function NameField({ label, value = "", why, onName, onCancel }: Props) {
  const [wrong, setWrong] = useState("")
  const input = useRef<HTMLInputElement>(null)
  const isDone = useRef(false)
  const id = useId()
  // The focus must move before the next key press. A plain effect runs after the paint, and would
  // lose the first letters of a fast typist.
  useLayoutEffect(() => {
    input.current?.focus()
    if (input.current) selectBase(input.current, value)
  }, [value])
  const finish = (act: () => void) => {
    // the field also loses the focus when it is removed
    if (isDone.current) return
    isDone.current = true
    act()
  }
  const send = (isLeft: boolean) => {
    const name = normalName(input.current?.value ?? "")
    if (name === value || (isLeft && name === "")) {
      finish(() => onCancel(!isLeft))
      return
    }
    const reason = why(name)
    if (!reason) finish(() => onName(name))
    else if (isLeft) finish(() => onCancel(false))
    else setWrong(reason)
  }
  const pressed = (event: KeyboardEvent) => {
    if (event.isComposing) return
    if (event.key === "Enter") send(false)
    else if (event.key === "Escape") finish(() => onCancel(true))
    else return
    event.preventDefault()
  }
  return (
    <span class="name-field" onClick={keepHere} onDblClick={keepHere} onContextMenu={keepHere}>
      <input
        ref={input}
        aria-label={label}
        aria-invalid={wrong !== ""}
        aria-describedby={wrong ? `${id}-wrong` : undefined}
        placeholder="name.py"
        defaultValue={value}
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        onInput={({ currentTarget }) => {
          const name = normalName(currentTarget.value)
          setWrong(name === "" || name.endsWith("/") || name === value ? "" : why(name))
        }}
        onKeyDown={pressed}
        onBlur={() => send(true)}
      />
      {wrong && (
        <span class="name-wrong" id={`${id}-wrong`} role="alert">
          {wrong}
        </span>
      )}
    </span>
  )
}
