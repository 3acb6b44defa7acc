// A line between two parts of the screen. Users drag it, or press arrow keys, to change the size of
// one part. A double click restores the part's first size.
import type { ReadonlySignal } from "@preact/signals"
import { useRef } from "preact/hooks"

/** A size in pixels that this browser remembers, and its bounds. */
export interface Size {
  px: ReadonlySignal<number>
  resize: (px: number) => void
  initial: number
  least: number
  most: number
}

interface Props {
  label: string
  size: Size
  /** the part whose size changes: the one to the left or right of the line, or below it */
  of: "left" | "right" | "below"
}

const STEP_PX = 16

export const bounded = ({ least, most }: Size, px: number) =>
  Math.min(most, Math.max(least, Math.round(px)))

/** The new size after a key; undefined for a key that changes nothing. */
export function sized(key: string, size: Size, of: Props["of"]): number | undefined {
  const [smaller, larger] = {
    left: ["ArrowLeft", "ArrowRight"],
    right: ["ArrowRight", "ArrowLeft"],
    below: ["ArrowDown", "ArrowUp"],
  }[of]
  const px = size.px.value
  if (key === smaller) return bounded(size, px - STEP_PX)
  if (key === larger) return bounded(size, px + STEP_PX)
  if (key === "Home") return size.least
  if (key === "End") return size.most
  return undefined
}

export function Divider({ label, size, of }: Props) {
  const from = useRef<{ at: number; px: number } | null>(null)
  const placeOf = ({ clientX, clientY }: PointerEvent) =>
    of === "below" ? -clientY : of === "left" ? clientX : -clientX
  const pressed = (event: KeyboardEvent) => {
    const px = sized(event.key, size, of)
    if (px === undefined) return
    event.preventDefault()
    size.resize(px)
  }
  return (
    <div
      class="divider"
      role="separator"
      tabIndex={0}
      aria-label={label}
      aria-orientation={of === "below" ? "horizontal" : "vertical"}
      aria-valuenow={bounded(size, size.px.value)}
      aria-valuemin={size.least}
      aria-valuemax={size.most}
      title="Drag to resize, double-click to reset"
      onKeyDown={pressed}
      onDblClick={() => size.resize(size.initial)}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId)
        from.current = { at: placeOf(event), px: bounded(size, size.px.value) }
      }}
      onPointerMove={(event) => {
        if (!from.current) return
        size.resize(bounded(size, from.current.px + placeOf(event) - from.current.at))
      }}
      onLostPointerCapture={() => (from.current = null)}
    />
  )
}
