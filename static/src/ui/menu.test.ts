import { expect, it } from "vitest"
import { moved } from "./menu"

it("moves from the last item to the first and back, and to both ends", () => {
  expect(moved("ArrowDown", 2, 3)).toBe(0)
  expect(moved("ArrowUp", 0, 3)).toBe(2)
  expect(moved("ArrowUp", 2, 3)).toBe(1)
  expect([moved("Home", 2, 3), moved("End", 0, 3), moved("a", 0, 3)]).toEqual([0, 2, undefined])
})
