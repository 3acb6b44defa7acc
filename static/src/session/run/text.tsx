// Output as text: colours of terminals, and buttons where it names a place in a file.
import type { Piece } from "../../run/protocol"
import { coloured } from "./ansi"
import { placesIn } from "./places"

interface Props {
  pieces: readonly Piece[]
  files: readonly string[]
  onPlace: (file: string, line: number) => void
}

export function OutputText({ pieces, files, onPlace }: Props) {
  const isError = (piece: Piece) => piece.to === "err"
  return (
    <pre class="run-text" tabIndex={0} aria-label="Output" data-testid="output">
      {pieces.map((piece, index) => (
        <span key={index} class={isError(piece) ? "run-error" : undefined}>
          {coloured(piece.text).map(({ text, colour, isBold }, part) => (
            <span key={part} data-colour={colour} data-bold={isBold || undefined}>
              {placesIn(text, files).map(({ text: words, file, line }, place) =>
                file === undefined || line === undefined ? (
                  words
                ) : (
                  <button
                    key={place}
                    type="button"
                    class="link run-place"
                    title={`Go to line ${line} of ${file}`}
                    onClick={() => onPlace(file, line)}
                  >
                    {words}
                  </button>
                ),
              )}
            </span>
          ))}
        </span>
      ))}
    </pre>
  )
}
