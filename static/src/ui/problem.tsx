// Says that something could not be read, with a button that reads it again.

interface Props {
  /** "" shows nothing */
  text: string
  onAgain: () => void
  /** "banner" below the header of a screen, or "wrong" inside a page */
  kind?: "banner" | "wrong"
}

export function Problem({ text, onAgain, kind = "wrong" }: Props) {
  if (!text) return null
  return (
    <p class={kind} role="alert">
      {text}{" "}
      <button type="button" class="link" onClick={onAgain}>
        Try again
      </button>
    </p>
  )
}
