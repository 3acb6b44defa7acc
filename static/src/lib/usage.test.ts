import { expect, it } from "vitest"
import type { Usage } from "../types"
import { isFull, sessionsOf, warning } from "./usage"

const usage = (fields: Partial<Usage>): Usage => ({
  bytes: 0,
  maxBytes: 1000,
  sessions: 0,
  maxSessions: 100,
  isNearlyFull: false,
  ...fields,
})

it("counts sessions", () => {
  expect(sessionsOf(usage({ sessions: 34, maxSessions: 2000 }))).toBe("34 of 2,000 sessions")
  expect(sessionsOf(usage({ sessions: 1, maxSessions: 1 }))).toBe("1 of 1 session")
})

it.each([
  [{}, /^$/],
  [{ bytes: 899, sessions: 89 }, /^$/],
  [{ bytes: 900 }, /^Your storage is nearly full/],
  [{ bytes: 999 }, /^Your storage is nearly full/],
  [{ bytes: 1000 }, /^Your storage is full/],
  [{ bytes: 1200 }, /^Your storage is full/],
  [{ sessions: 90 }, /^You have nearly as many sessions/],
  [{ sessions: 100 }, /^You have as many sessions/],
])("warns of %j: %s", (fields, words) => {
  expect(warning(usage(fields))).toMatch(words)
})

it.each([
  [{ bytes: 999, sessions: 99 }, false],
  [{ bytes: 1000 }, true],
  [{ sessions: 100 }, true],
])("knows whether %j is full: %s", (fields, full) => {
  expect(isFull(usage(fields))).toBe(full)
})

it("warns of a reached limit first, and of bytes before sessions", () => {
  expect(warning(usage({ bytes: 950, sessions: 100 }))).toMatch(/^You have as many sessions/)
  expect(warning(usage({ bytes: 1000, sessions: 100 }))).toMatch(/^Your storage is full/)
  expect(warning(usage({ bytes: 950, sessions: 95 }))).toMatch(/^Your storage is nearly full/)
})
