// @vitest-environment happy-dom
import { beforeEach, expect, it } from "vitest"
import type { Session } from "../../types"
import {
  forgetSessions,
  rememberedSession,
  rememberedSessions,
  rememberSession,
} from "./remembered"

const session = (id: string, title = id) => ({ id, title }) as Session

beforeEach(() => localStorage.clear())

it("returns a user's own sessions as they last saw them", () => {
  rememberSession("ada", session("one"))
  rememberSession("ada", session("one", "new title"))

  expect(rememberedSession("ada", "one")?.title).toBe("new title")
  expect(rememberedSession("bob", "one")).toBeNull()
  expect(rememberedSession("ada", "two")).toBeNull()
})

it("lists a user's own sessions, the latest first and each once", () => {
  rememberSession("ada", session("one"))
  rememberSession("bob", session("two"))
  rememberSession("ada", session("three"))
  rememberSession("ada", session("one", "new title"))

  expect(rememberedSessions("ada").map((session) => session.title)).toEqual(["new title", "three"])
  expect(rememberedSessions("eve")).toEqual([])
})

it("keeps the latest twenty, and none after signing out", () => {
  for (let number = 0; number < 25; number++) rememberSession("ada", session(`${number}`))

  expect(rememberedSession("ada", "4")).toBeNull()
  expect(rememberedSession("ada", "5")).not.toBeNull()
  forgetSessions()
  expect(rememberedSession("ada", "24")).toBeNull()
})

it("forgets the sessions of an earlier user of this browser", () => {
  rememberSession("ada", session("one"))
  rememberSession("bob", session("two"))

  expect(rememberedSession("bob", "two")).not.toBeNull()
  expect(localStorage.getItem("sessions")).not.toContain("ada")
})
