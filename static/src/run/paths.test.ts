import { expect, it } from "vitest"
import { fileOf } from "./paths"
import { resolve } from "./workers/resolve"

it.each([
  ["page.css", "main.html", "page.css"],
  ["./page.css", "site/index.html", "site/page.css"],
  ["../lib/a%20b.js?v=2#top", "site/index.html", "lib/a b.js"],
  ["/page.css", "site/index.html", "page.css"],
  ["100%.svg", "index.html", "100%.svg"],
  ["//elsewhere/page.css", "index.html", null],
  ["https:page.css", "index.html", null],
])("finds the file that %j means in %j", (address, entry, name) => {
  expect(fileOf(address, entry)).toBe(name)
})

it("finds the file that a module imports", () => {
  const files = { "src/lib/half.ts": "", "lib/index.js": "" }
  expect(resolve("./lib/half", "src/main.ts", files)).toBe("src/lib/half.ts")
  expect(resolve("../lib", "src/main.ts", files)).toBe("lib/index.js")
  expect(resolve("lib", "src/main.ts", files)).toBeNull()
})
