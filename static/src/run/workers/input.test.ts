import { expect, it, vi } from "vitest"
import { Input } from "./input"

it("asks for one line after the other, once the given text has ended", async () => {
  const ask = vi.fn()
  const input = new Input("given\n", ask)
  const lines = [input.line(), input.line(), input.line()]
  expect(ask).toHaveBeenCalledTimes(1)
  input.given("first")
  expect(ask).toHaveBeenCalledTimes(2)
  input.given("second")
  input.given("nobody waits for this one")
  expect(await Promise.all(lines)).toEqual(["given", "first", "second"])
})

it("asks for no more lines after the user has ended the input", async () => {
  const ask = vi.fn()
  const input = new Input("", ask)
  const lines = [input.line(), input.line()]
  input.given(null)
  expect(await Promise.all([...lines, input.line()])).toEqual([null, null, null])
  expect(ask).toHaveBeenCalledTimes(1)
})

it("ends with the given text if nobody can be asked", async () => {
  const input = new Input("one", null)
  expect([await input.line(), await input.line(), input.next()]).toEqual(["one", null, null])
})
