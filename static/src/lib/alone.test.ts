// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, it, vi } from "vitest"
import { alone } from "./alone"

/** Return work that logs its beginning and its end, and takes `ms` milliseconds. */
function worker(log: string[]) {
  return (name: string, ms = 100) =>
    async () => {
      log.push(`${name} begins`)
      await new Promise((go) => setTimeout(go, ms))
      log.push(`${name} ends`)
      return name
    }
}

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal("navigator", {})
  localStorage.clear()
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

it("uses the browser's locks if it has them", async () => {
  const request = vi.fn((_name: string, work: () => Promise<string>) => work())
  vi.stubGlobal("navigator", { locks: { request } })
  expect(await alone("refresh", () => Promise.resolve("done"))).toBe("done")
  expect(request.mock.calls[0]?.[0]).toBe("refresh")
})

it("does one work after the other if there are no locks", async () => {
  const log: string[] = []
  const work = worker(log)
  const all = Promise.all([alone("x", work("a")), alone("x", work("b")), alone("x", work("c"))])
  await vi.advanceTimersByTimeAsync(2000)
  expect(await all).toEqual(["a", "b", "c"])
  for (let at = 0; at < log.length; at += 2)
    expect(log[at + 1]).toBe(log[at]?.replace("begins", "ends"))
})

it("does not wait for ever for a tab that was closed, or for work that failed", async () => {
  localStorage.setItem("lease:x", `0.5 ${Date.now() + 5000}`)
  const failing = alone("x", () => Promise.reject(new Error("no"))).catch(() => "failed")
  await vi.advanceTimersByTimeAsync(6000)
  expect(await failing).toBe("failed")
  const next = alone("x", () => Promise.resolve("next"))
  await vi.advanceTimersByTimeAsync(200)
  expect(await next).toBe("next")
})
