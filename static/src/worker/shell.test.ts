import { expect, it } from "vitest"
import { entryIn, isScreen } from "./shell"

it.each([
  "/",
  "/signin",
  "/s/0123456789abcdef",
  "/s/0123456789abcdef/replay",
  "/s/0123456789abcdef/versions",
  "/join/abc",
  "/profile",
])("%s is a screen", (path) => {
  expect(isScreen(path)).toBe(true)
})

it.each([
  "/user/me",
  "/session",
  "/session/x",
  "/code/x/latest",
  "/code/x/export",
  "/run/",
  "/run/preview",
  "/docs",
  "/openapi.json",
  "/sync/x",
  "/s/x/other",
  "/static/dist/assets/x.js",
  "/sw.js",
  "/nope",
])("%s is answered by the server alone", (path) => {
  expect(isScreen(path)).toBe(false)
})

it("finds the script of a page", () => {
  const html = '<script type="module" crossorigin src="/static/dist/assets/index-1.js"></script>'
  expect(entryIn(html)).toBe("/static/dist/assets/index-1.js")
  expect(entryIn("<p>")).toBe("")
})
