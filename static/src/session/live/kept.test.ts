// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, it, vi } from "vitest"
import { forgetCopies, KeptPlace } from "./kept"
import { Unconfirmed } from "./unconfirmed"

const SENDING = { update: new Uint8Array([1]), refused: new Uint8Array([2]) }

const databases = new Set<string>()
beforeEach(() => {
  localStorage.clear()
  databases.clear()
  vi.stubGlobal("indexedDB", {
    databases: () => Promise.resolve([...databases].map((name) => ({ name }))),
    deleteDatabase: (name: string) => databases.delete(name),
  })
})
afterEach(() => vi.unstubAllGlobals())

/** Keep a document in two places, and a sending of it. The tab has left the first place. */
function keep(sessionId: string): void {
  const place = new KeptPlace(sessionId, "me")
  databases.add(place.name)
  place.leave()
  databases.add(new KeptPlace(sessionId, "me").name)
  new Unconfirmed(place.name).write(SENDING)
}

it("forgets all places of one session", async () => {
  keep("a")
  keep("b")
  await forgetCopies("a")
  expect([...databases]).toEqual(["session-b-me", "session-b-me-1"])
  expect(new Unconfirmed("session-a-me").read()).toBeNull()
  expect(new Unconfirmed("session-b-me").read()).toEqual(SENDING)
})

it("forgets all sessions, but no other database", async () => {
  keep("a")
  keep("b")
  databases.add("another")
  await forgetCopies()
  expect([...databases]).toEqual(["another"])
  expect(new Unconfirmed("session-b-me").read()).toBeNull()
})

it("does nothing if the browser cannot list databases", async () => {
  vi.stubGlobal("indexedDB", {})
  await expect(forgetCopies()).resolves.toBeUndefined()
})
