import { expect, it } from "vitest"
import { isSame } from "./compare"

it.each([
  ["3", "3\n"],
  ["3\n", "3"],
  ["a  \nb", "a\nb\t"],
  ["a\r\nb\r\n", "a\nb\n"],
  ["", "\n"],
])("takes %j and %j for the same output", (expected, actual) => {
  expect(isSame(expected, actual)).toBe(true)
})

it.each([
  ["3", "4"],
  ["3", " 3"],
  ["a\nb", "a\n\nb"],
  ["a", "a\n\n"],
  ["a", "A"],
  ["1 2", "1  2"],
])("takes %j and %j for different outputs", (expected, actual) => {
  expect(isSame(expected, actual)).toBe(false)
})
