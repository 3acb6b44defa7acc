// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, it, vi } from "vitest"
import { me, pictureChanged, signedIn, signOut, whoAmI } from "./account"
import { path } from "./router"
import type { Me } from "./types"
import { toast } from "./ui/announce"

const ADA: Me = {
  id: "a",
  username: "ada",
  avatar: null,
  email: "ada@example.org",
  fullname: "",
  guest: false,
  createdAt: "2026-01-01T00:00:00.000Z",
}
const fetched = vi.fn<typeof fetch>()
const answer = (status: number, body: unknown = {}) =>
  fetched.mockResolvedValueOnce(new Response(JSON.stringify(body), { status }))

beforeEach(() => {
  vi.stubGlobal("fetch", fetched)
  vi.stubGlobal("scrollTo", vi.fn())
  vi.stubGlobal("indexedDB", {})
  me.value = undefined
})
afterEach(() => {
  fetched.mockReset()
  localStorage.clear()
  vi.unstubAllGlobals()
})

it("sends no request if nobody has signed in before", async () => {
  await whoAmI()
  expect(me.value).toBeNull()
  expect(fetched).not.toHaveBeenCalled()
})

it("knows the user who is signed in", async () => {
  localStorage.setItem("signedIn", "yes")
  answer(200, ADA)
  await whoAmI()
  expect(me.value).toEqual(ADA)
})

it("shows a new picture, unless its user has signed out meanwhile", () => {
  signedIn(ADA)
  pictureChanged("data:image/png;base64,")
  expect(me.value).toEqual({ ...ADA, avatar: "data:image/png;base64," })
  pictureChanged(null)
  expect(me.value).toEqual(ADA)
  me.value = null
  pictureChanged("data:image/png;base64,")
  expect(me.value).toBeNull()
})

it("forgets a login that has ended, but keeps it if the server gives no answer", async () => {
  localStorage.setItem("signedIn", "yes")
  answer(503)
  await whoAmI()
  expect([me.value, localStorage.getItem("signedIn")]).toEqual([null, "yes"])
  answer(401)
  answer(401)
  await whoAmI()
  expect([me.value, localStorage.getItem("signedIn")]).toEqual([null, null])
})

it("does not sign out offline, because only this browser may have the text", async () => {
  signedIn(ADA)
  fetched.mockRejectedValueOnce(new TypeError("offline"))
  await signOut()
  expect(me.value).toEqual(ADA)
  expect(toast.value?.text).toContain("cannot be reached")
})

it("signs out and deletes the documents that this browser kept", async () => {
  signedIn(ADA)
  answer(200)
  const deleteDatabase = vi.fn()
  const databases = () => Promise.resolve([{ name: "session-1-a" }, { name: "other" }])
  vi.stubGlobal("indexedDB", { databases, deleteDatabase })
  await signOut()
  expect(me.value).toBeNull()
  expect(deleteDatabase.mock.calls).toEqual([["session-1-a"]])
  expect(path.value).toBe("/signin")
})

it("shows the last user in a tab that opens without the server, until they sign out", async () => {
  signedIn(ADA)
  me.value = undefined
  fetched.mockRejectedValueOnce(new TypeError("offline"))
  await whoAmI()
  expect(me.value).toEqual(ADA)

  answer(204)
  await signOut()
  localStorage.setItem("signedIn", "yes")
  fetched.mockRejectedValueOnce(new TypeError("offline"))
  await whoAmI()
  expect(me.value).toBeNull()
})
