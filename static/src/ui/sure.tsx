// A button for what cannot be undone, or what others notice: it asks once more before it acts.
import { useState } from "preact/hooks"

interface Props {
  label: string
  /** what the button says after the first click; "" for one that acts directly */
  question: string
  onSure: () => void
  /** in a row of text, and not in the colour of danger before the first click */
  isSmall?: boolean
  /** what a screen reader calls the button, if the label says too little */
  name?: string
}

export function Sure({ label, question, onSure, isSmall = false, name }: Props) {
  const [isAsked, setIsAsked] = useState(false)
  const clicked = (event: MouseEvent) => {
    // the second half of a double click is no answer
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
