// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, it, vi } from "vitest"
import { loadPart } from "./upgrade"

const GONE = new TypeError("Failed to fetch dynamically imported module")
const gone = () => Promise.reject(GONE)
const page = { reload: vi.fn() }
const answered = (status: number) =>
  vi.stubGlobal("fetch", vi.fn().mockResolvedValue(new Response("", { status })))

beforeEach(() => {
  sessionStorage.clear()
  page.reload.mockReset()
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

it("returns the loaded part", async () => {
  expect(await loadPart(() => Promise.resolve("part"), page)).toBe("part")
})

it("reloads the page once if a part is gone", async () => {
  answered(200)
  void loadPart(gone, page)
  await vi.waitFor(() => expect(page.reload).toHaveBeenCalledTimes(1))
  await expect(loadPart(gone, page)).rejects.toBe(GONE)
  expect(page.reload).toHaveBeenCalledTimes(1)
})

it("reloads the page again after the next upgrade", async () => {
  vi.useFakeTimers({ toFake: ["Date"] })
  answered(200)
  void loadPart(gone, page)
  await vi.waitFor(() => expect(page.reload).toHaveBeenCalledTimes(1))
  vi.setSystemTime(Date.now() + 120_000)
  void loadPart(gone, page)
  await vi.waitFor(() => expect(page.reload).toHaveBeenCalledTimes(2))
})

it("does not reload a page if the server does not answer", async () => {
  vi.stubGlobal("fetch", vi.fn().mockRejectedValue(new TypeError("Failed to fetch")))
  await expect(loadPart(gone, page)).rejects.toBe(GONE)
  answered(503)
  await expect(loadPart(gone, page)).rejects.toBe(GONE)
  expect(page.reload).not.toHaveBeenCalled()
})
