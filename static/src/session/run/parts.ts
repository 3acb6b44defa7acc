// Splits an output into parts. A new part begins where the colour changes, or for a place in a
// file.
import type { Piece } from "../../run/protocol"
import { coloured, type Part } from "./ansi"
import type { Finder, Place } from "./places"

export interface OutputPart extends Part, Place {
  isError: boolean
}

/**
 * The most parts that have elements of their own. An output of 64 KiB could have tens of thousands,
 * which would block the page.
 */
const MOST = 2000

/** Split an output. After the first parts, the rest is one part. */
export function partsOf(pieces: readonly Piece[], find: Finder): OutputPart[] {
  const parts: OutputPart[] = []
  let rest = ""
  for (const { to, text } of pieces)
    for (const part of coloured(text)) {
      if (parts.length >= MOST) rest += part.text
      else
        for (const place of find(part.text))
          parts.push({ ...part, ...place, isError: to === "err" })
    }
  const over = parts.splice(MOST).map(({ text }) => text)
  const left = over.join("") + rest
  if (left) parts.push({ text: left, colour: null, isBold: false, isError: false })
  return parts
}
