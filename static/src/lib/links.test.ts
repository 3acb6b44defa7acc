// @vitest-environment happy-dom
import { expect, it } from "vitest"
import { forgetLink, forgetLinks, keepLink, linkOf } from "./links"

it("keeps links, but removes them when the user signs out", () => {
  localStorage.setItem("other", "stays")
  keepLink("a", "/join/a")
  keepLink("b", "/join/b")
  keepLink("d", "/join/d")
  forgetLink("d")
  expect(["a", "b", "c", "d"].map(linkOf)).toEqual(["/join/a", "/join/b", null, null])

  forgetLinks()

  expect([linkOf("a"), linkOf("b"), localStorage.getItem("other")]).toEqual([null, null, "stays"])
})
