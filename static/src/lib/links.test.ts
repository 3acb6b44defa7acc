// @vitest-environment happy-dom
import { expect, it } from "vitest"
import { forgetLink, forgetLinks, keepLink, linkOf } from "./links"

it("keeps links, and nothing of them after signing out", () => {
  localStorage.setItem("other", "stays")
  keepLink("a", "/join/a")
  keepLink("b", "/join/b")
  keepLink("d", "/join/d")
  forgetLink("d")
  expect(["a", "b", "c", "d"].map(linkOf)).toEqual(["/join/a", "/join/b", null, null])

  forgetLinks()

  expect([linkOf("a"), linkOf("b"), localStorage.getItem("other")]).toEqual([null, null, "stays"])
})
