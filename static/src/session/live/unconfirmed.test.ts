// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, it, vi } from "vitest"
import { forgetSendings, Unconfirmed } from "./unconfirmed"

const SENDING = { update: new Uint8Array([1, 2, 255]), refused: new Uint8Array([0]) }

beforeEach(() => localStorage.clear())
afterEach(() => vi.restoreAllMocks())

it("keeps a sending for other tabs and the next page, until it is confirmed", () => {
  const [one, other] = [new Unconfirmed("place"), new Unconfirmed("place")]
  one.write(SENDING)
  expect(other.read()).toEqual(SENDING)
  expect(new Unconfirmed("another place").read()).toBeNull()
  other.write(null)
  expect(one.read()).toBeNull()
})

it("keeps a sending for this page if the storage is full", () => {
  vi.spyOn(Storage.prototype, "setItem").mockImplementation(() => {
    throw new DOMException("full", "QuotaExceededError")
  })
  const unconfirmed = new Unconfirmed("place")
  unconfirmed.write(SENDING)
  expect(unconfirmed.read()).toEqual(SENDING)
  unconfirmed.write(null)
  expect(unconfirmed.read()).toBeNull()
})

it("deletes the sendings of the named documents, and no others", () => {
  localStorage.setItem("theme", "dark")
  new Unconfirmed("session-a-me").write(SENDING)
  new Unconfirmed("session-b-me").write(SENDING)
  forgetSendings("session-a-")
  expect(new Unconfirmed("session-a-me").read()).toBeNull()
  expect(new Unconfirmed("session-b-me").read()).toEqual(SENDING)
  forgetSendings("session-")
  expect(new Unconfirmed("session-b-me").read()).toBeNull()
  expect(localStorage.getItem("theme")).toBe("dark")
})
