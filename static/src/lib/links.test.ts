// @vitest-environment happy-dom
import { expect, it } from "vitest"
import { forgetLinks, keepLink, linkOf } from "./links"

it("keeps links, and nothing of them after signing out", () => {
  sessionStorage.setItem("other", "stays")
  keepLink("a", "/join/a")
  keepLink("b", "/join/b")
  expect([linkOf("a"), linkOf("b"), linkOf("c")]).toEqual(["/join/a", "/join/b", null])

  forgetLinks()

  expect([linkOf("a"), linkOf("b"), sessionStorage.getItem("other")]).toEqual([null, null, "stays"])
})
