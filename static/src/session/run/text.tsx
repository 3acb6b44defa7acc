// Shows output as text, with the colours of terminals. A place in a file becomes a button.
import { memo } from "preact/compat"
import { useCallback, useLayoutEffect, useMemo, useRef } from "preact/hooks"
import type { Piece } from "../../run/protocol"
import { partsOf, type OutputPart } from "./parts"
import { finderOf } from "./places"

type GoTo = (file: string, line: number) => void

function Words({ part, onPlace }: { part: OutputPart; onPlace: GoTo }) {
  const { text, file, line } = part
  if (file === undefined || line === undefined) return <>{text}</>
  return (
    <button
      type="button"
      class="link run-place"
      title={`Go to line ${line} of ${file}`}
      onClick={() => onPlace(file, line)}
    >
      {text}
    </button>
  )
}

interface TextProps {
  pieces: readonly Piece[]
  /** the names of the files, one in each line */
  names: string
  onPlace: GoTo
}

const Text = memo(({ pieces, names, onPlace }: TextProps) => {
  const find = useMemo(() => finderOf(names.split("\n")), [names])
  return (
    <pre class="run-text" role="group" tabIndex={0} aria-label="Output" data-testid="output">
      {partsOf(pieces, find).map((part, index) => (
        <span
          key={index}
          class={part.isError ? "run-error" : undefined}
          data-colour={part.colour}
          data-bold={part.isBold || undefined}
        >
          <Words part={part} onPlace={onPlace} />
        </span>
      ))}
    </pre>
  )
})

interface Props {
  pieces: readonly Piece[]
  files: readonly string[]
  onPlace: GoTo
}

/**
 * The page renders whenever anybody presses a key. So the output is rendered only if it has
 * changed.
 */
export function OutputText({ pieces, files, onPlace }: Props) {
  const latest = useRef(onPlace)
  useLayoutEffect(() => {
    latest.current = onPlace
  })
  const goTo = useCallback<GoTo>((file, line) => latest.current(file, line), [])
  return <Text pieces={pieces} names={files.join("\n")} onPlace={goTo} />
}
