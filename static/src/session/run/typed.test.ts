import { expect, it, vi } from "vitest"
import { Typed } from "./typed"

it("gives the program each line, and keeps them as its input", () => {
  const send = vi.fn()
  const typed = new Typed(send)
  typed.begin()
  typed.line("Ada")
  typed.line("")
  typed.end()
  expect(send.mock.calls).toEqual([
    ["Ada", "Ada\n"],
    ["", "\n"],
    [null, ""],
  ])
  expect(typed.text).toBe("Ada\n\n")
  typed.begin()
  expect(typed.text).toBe("")
})

it("ends the input if the server would not keep the next line", () => {
  const send = vi.fn()
  const typed = new Typed(send)
  typed.line("é".repeat(8192))
  expect([send.mock.calls, typed.text]).toEqual([[[null, ""]], ""])
})
