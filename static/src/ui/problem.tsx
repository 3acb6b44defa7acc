// Says that something has failed.

interface Props {
  /** "" shows nothing */
  text: string
  onAgain: () => void
  /** "banner" below the header of a screen, or "wrong" inside a page */
  kind?: "banner" | "wrong"
}

/** Says that something could not be read, with a button that reads it again. */
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

/**
 * The reason of a failure. It can take the focus from a button that is removed or moved.
 *
 * The outer element always exists. If a new paragraph were inserted instead, Preact would move the
 * elements after it, and the focus would be lost.
 */
export function Failure({ id, text }: { id?: string; text: string }) {
  return (
    <div class="problem">
      {text && (
        <p class="wrong" role="alert" id={id} tabIndex={-1}>
          {text}
        </p>
      )}
    </div>
  )
}
