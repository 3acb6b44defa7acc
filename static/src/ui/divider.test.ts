import { signal } from "@preact/signals"
import { expect, it } from "vitest"
import { bounded, sized, type Size } from "./divider"

const size = (px: number): Size => ({
  px: signal(px),
  resize: () => undefined,
  initial: 220,
  least: 160,
  most: 480,
})

it("moves with the arrow keys, and the part towards which it moves becomes smaller", () => {
  expect(sized("ArrowRight", size(200), "left")).toBe(216)
  expect(sized("ArrowRight", size(200), "right")).toBe(184)
  expect(sized("ArrowUp", size(200), "below")).toBe(216)
  expect(sized("ArrowUp", size(200), "left")).toBeUndefined()
})

it("stays within its bounds", () => {
  expect(sized("ArrowLeft", size(165), "left")).toBe(160)
  expect(sized("Home", size(200), "right")).toBe(160)
  expect(sized("End", size(200), "right")).toBe(480)
  expect(bounded(size(0), Number.POSITIVE_INFINITY)).toBe(480)
})
