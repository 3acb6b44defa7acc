import { expect, it, vi } from "vitest"
import { cancellable } from "./cancellable"

const settled = () => new Promise((go) => setTimeout(go))

it("passes on the value or the error", async () => {
  const [done, failed] = [vi.fn(), vi.fn()]
  cancellable(Promise.resolve(1), done, failed)
  cancellable(Promise.reject(new Error("no")), done, failed)
  await settled()
  expect(done.mock.calls).toEqual([[1]])
  expect(failed.mock.calls).toEqual([[new Error("no")]])
})

it("calls no function after it was cancelled", async () => {
  const [done, failed] = [vi.fn(), vi.fn()]
  cancellable(Promise.resolve(1), done, failed)()
  cancellable(Promise.reject(new Error("no")), done, failed)()
  await settled()
  expect(done).not.toHaveBeenCalled()
  expect(failed).not.toHaveBeenCalled()
})
