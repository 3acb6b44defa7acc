import { expect, it } from "vitest"
import { itemAt } from "./lists"

it("returns the item, even if it is null", () => {
  expect(itemAt(["a", "b"], 1)).toBe("b")
  expect(itemAt([null], 0)).toBeNull()
})

it.each([-1, 2, 0.5, NaN])("raises for the index %s", (index) => {
  expect(() => itemAt(["a", "b"], index)).toThrow(RangeError)
})
