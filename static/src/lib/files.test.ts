import { expect, it } from "vitest"
import { textOf } from "./files"

it("finds the text of a root with any name", () => {
  const files = JSON.parse('{"__proto__": "a", "toString": "b"}') as Record<string, string>
  expect(textOf(files, "__proto__")).toBe("a")
  expect(textOf(files, "toString")).toBe("b")
})

it.each(["main", "__proto__", "constructor", "toString", "hasOwnProperty"])(
  "gives no text for %s without one",
  (root) => {
    expect(textOf({}, root)).toBe("")
  },
)
