// @vitest-environment happy-dom
import { expect, it } from "vitest"
import type { Action } from "./actions"
import { matching } from "./palette"

const actions = ["Share this session", "End session…", "Go to main.js"].map((label): Action => ({
  label,
  icon: "share",
  act: () => undefined,
}))
const labels = (query: string) => matching(actions, query).map(({ label }) => label)

it("finds commands by their words, in any order and case", () => {
  expect(labels("")).toEqual(actions.map(({ label }) => label))
  expect(labels("SESSION sh")).toEqual(["Share this session"])
  expect(labels("main.js go")).toEqual(["Go to main.js"])
  expect(labels("nothing")).toEqual([])
})
