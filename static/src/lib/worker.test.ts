// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, it, vi } from "vitest"
import { endToast, tell, toast } from "../ui/announce"
import { tookOver } from "./worker"

beforeEach(() => {
  endToast()
  endToast()
})
afterEach(() => void vi.useRealTimers())

it("offers to reload a page of another version", () => {
  const page = { reload: vi.fn() }

  tookOver("/new.js", page, "/old.js")
  expect(toast.value?.text).toBe("A new version is ready")
  expect(page.reload).not.toHaveBeenCalled()
  toast.value?.action?.act()

  expect(page.reload).toHaveBeenCalledOnce()
})

it("ignores a worker of the same version, and messages of other kinds", () => {
  tookOver("/same.js", location, "/same.js")
  tookOver(undefined, location, "/same.js")

  expect(toast.value).toBeNull()
})

it("offers it until the user answers, also after other texts", () => {
  vi.useFakeTimers()
  tookOver("/new.js", location, "/old.js")
  vi.advanceTimersByTime(3_600_000)
  tell("Saved")
  expect(toast.value?.text).toBe("Saved")
  tookOver("/newer.js", location, "/old.js")
  expect(toast.value?.text).toBe("Saved")
  vi.advanceTimersByTime(60_000)

  expect(toast.value).toMatchObject({ text: "A new version is ready", isOffer: true })
  endToast()
  expect(toast.value).toBeNull()
})
