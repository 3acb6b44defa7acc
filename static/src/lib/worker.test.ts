// @vitest-environment happy-dom
import { beforeEach, expect, it, vi } from "vitest"
import { endToast, toast } from "../ui/announce"
import { tookOver } from "./worker"

beforeEach(endToast)

it("offers to reload a page of another version", () => {
  const page = { reload: vi.fn() }

  tookOver("/new.js", page, "/old.js")
  expect(toast.value?.text).toBe("A new version is ready")
  expect(page.reload).not.toHaveBeenCalled()
  toast.value?.action?.act()

  expect(page.reload).toHaveBeenCalledOnce()
})

it("says nothing to a page of the same version, nor for a message of another kind", () => {
  tookOver("/same.js", location, "/same.js")
  tookOver(undefined, location, "/same.js")

  expect(toast.value).toBeNull()
})
