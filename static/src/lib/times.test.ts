import { expect, it } from "vitest"
import { ago, clock, lasting, until } from "./times"

const NOW = Date.parse("2026-03-20T12:00:00Z")
const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

it.each([
  [0, "just now"],
  [59_000, "just now"],
  [5 * MINUTE, "5 minutes ago"],
  [90 * MINUTE, "2 hours ago"],
  [DAY, "yesterday"],
  [14 * DAY, "14 days ago"],
  // clocks differ, so a time from the server may be ahead of this browser's time
  [-2 * MINUTE, "in 2 minutes"],
])("says of %i ms before now: %s", (passed, words) => {
  expect(ago(new Date(NOW - passed).toISOString(), NOW)).toBe(words)
})

it.each([
  [1, "1 second"],
  [40, "40 seconds"],
  [100, "2 minutes"],
])("says of %i seconds: %s", (seconds, words) => {
  expect(lasting(seconds)).toBe(words)
})

it("gives a date for times of more than two weeks ago", () => {
  const long = new Date(NOW - 15 * DAY)
  expect(ago(long.toISOString(), NOW)).toBe(long.toLocaleDateString())
})

it("shows the time of an end within a day, and the date of a later end", () => {
  const soon = new Date(NOW + 60 * MINUTE).toISOString()
  expect(until(soon, NOW)).toBe(clock(soon))
  expect(until(new Date(NOW + 7 * DAY).toISOString(), NOW)).toBe("27 Mar")
})
