// @vitest-environment happy-dom
// @vitest-environment-options {"settings": {"navigation": {"disableMainFrameNavigation": true, "disableFallbackToSetURL": true}}}
import { afterEach, beforeEach, expect, it, vi } from "vitest"
import {
  followLinks,
  go,
  isOwnPath,
  nextInvite,
  nextPath,
  nextSession,
  path,
  query,
  wasOpened,
  withNext,
} from "./router"

followLinks()
beforeEach(() => {
  vi.stubGlobal("scrollTo", vi.fn())
  go("/start", true)
})
afterEach(() => {
  document.body.innerHTML = ""
})

/** Click on a link, and return whether the app followed it. */
function click(attributes: string, options: MouseEventInit = {}): boolean {
  document.body.innerHTML = `<a ${attributes}><span>here</span></a>`
  const event = new MouseEvent("click", { bubbles: true, cancelable: true, ...options })
  document.querySelector("span")?.dispatchEvent(event)
  return event.defaultPrevented
}

it("goes to an address, and back", () => {
  go("/s/abc?x=1")
  expect([path.value, query.value]).toEqual(["/s/abc", "?x=1"])
  expect(location.pathname).toBe("/s/abc")
  history.replaceState(null, "", "/before")
  dispatchEvent(new PopStateEvent("popstate"))
  expect([path.value, query.value]).toEqual(["/before", ""])
})

it("adds to the history, or replaces its last entry", () => {
  const before = history.length
  go("/other", true)
  expect(history.length).toBe(before)
  go("/another")
  expect(history.length).toBe(before + 1)
})

it("handles plain clicks on links of the app, also on elements inside the links", () => {
  expect(click('href="/s/abc?file=1"')).toBe(true)
  expect([path.value, query.value]).toEqual(["/s/abc", "?file=1"])
})

it.each([
  ['href="/s/abc"', { ctrlKey: true }],
  ['href="/s/abc"', { metaKey: true }],
  ['href="/s/abc"', { shiftKey: true }],
  ['href="/s/abc"', { button: 1 }],
  ['href="/s/abc" target="_blank"', {}],
  ['href="/s/abc" download', {}],
  ['href="https://other.example/s/abc"', {}],
  ['href="/docs"', {}],
  ['href="/start#main"', {}],
  ["", {}],
])("leaves a click on <a %s> with %j to the browser", (attributes, options) => {
  expect(click(attributes, options)).toBe(false)
})

it.each(["/", "/s/abc", "/join/x?y=1"])("may return to %s", (address) => {
  expect(isOwnPath(address)).toBe(true)
})

it.each([
  null,
  "",
  "s/abc",
  "//other.example",
  "/\\other.example",
  "/\t/other.example",
  "javascript:alert(1)",
  "http:/x",
])("may not return to %j", (address) => {
  expect(isOwnPath(address)).toBe(false)
})

it.each([
  ["/s/abc", "/s/abc", "/signup?next=%2Fs%2Fabc"],
  ["/join/x?y=1", "/join/x?y=1", "/signup?next=%2Fjoin%2Fx%3Fy%3D1"],
  ["/signin?next=%2Fjoin%2Fx", "/join/x", "/signup?next=%2Fjoin%2Fx"],
  ["/signin", "/", "/signup"],
  ["/", "/", "/signup"],
  ["/signin?next=//evil.example", "/", "/signup"],
])("leads from %s to %s by the link %s", (here, next, link) => {
  go(here, true)
  expect([nextPath(), withNext("/signup")]).toEqual([next, link])
})

it.each([
  ["/signup?next=%2Fjoin%2Fabc-123", { invite: "abc-123" }],
  ["/signup?next=%2Fjoin%2Fabc%3Fx%3D1", { invite: "abc" }],
  ["/signup?next=%2Fjoin%2Fabc%2Fmore", {}],
  ["/signup?next=%2Fs%2Fabc", {}],
  ["/signup", {}],
])("finds the invite by which somebody came to %s", (address, invite) => {
  go(address, true)
  expect(nextInvite()).toEqual(invite)
})

it.each([
  ["/s/abc-1", "abc-1"],
  ["/s/abc/versions", "abc"],
  ["/signup?next=%2Fs%2Fabc%3Fx%3D1", "abc"],
  ["/", ""],
  ["/join/abc", ""],
])("finds the session that the person asked for in %s", (address, session) => {
  go(address)
  expect(nextSession()).toBe(session)
})

it("reports once for each page that the user came to it from another page", () => {
  wasOpened()
  expect(wasOpened()).toBe(false)
  go("/next")
  expect([wasOpened(), wasOpened()]).toEqual([true, false])
})
