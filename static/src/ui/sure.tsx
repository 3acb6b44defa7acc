// A button for actions that cannot be undone or that others notice. It asks for a second click.
import { useState } from "preact/hooks"

interface Props {
  label: string
  /** the button's text after the first click; "" for a button that acts immediately */
  question: string
  onSure: () => void
  /** whether the button is in a row of text, and has no colour of danger before the first click */
  isSmall?: boolean
  /** the button's name for screen readers, if the label is not enough */
  name?: string
}

export function Sure({ label, question, onSure, isSmall = false, name }: Props) {
  const [isAsked, setIsAsked] = useState(false)
  const clicked = (event: MouseEvent) => {
    // the second click of a double click does not count as an answer
    if (event.detail > 1) return
    const isSure = isAsked || question === ""
    setIsAsked(!isSure)
    if (isSure) onSure()
  }
  const kind = isAsked ? "danger" : isSmall ? "ghost" : question ? "danger" : ""
  return (
    <button
      type="button"
      class={isSmall ? `sure ${kind} small` : `sure ${kind}`}
      aria-label={isAsked ? undefined : name}
      onClick={clicked}
      onBlur={() => setIsAsked(false)}
    >
      <span aria-hidden={isAsked}>{label}</span>
      {question && <span aria-hidden={!isAsked}>{question}</span>}
    </button>
  )
}
