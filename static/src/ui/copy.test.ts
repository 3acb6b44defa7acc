// @vitest-environment happy-dom
import { afterEach, expect, it, vi } from "vitest"
import { toast } from "./announce"
import { copy, isCopied } from "./copy"

const withClipboard = (clipboard: unknown) => vi.stubGlobal("navigator", { clipboard })

afterEach(() => {
  vi.unstubAllGlobals()
})

it("copies a text, and tells the user", async () => {
  const writeText = vi.fn(() => Promise.resolve())
  withClipboard({ writeText })
  await copy("text", "link")
  expect(writeText).toHaveBeenCalledWith("text")
  expect(toast.value?.text).toBe("The link is copied")
})

it.each([
  ["there is no clipboard, as without TLS", undefined],
  ["the browser refuses", { writeText: () => Promise.reject(new Error("refused")) }],
])("tells the user to select the text if %s", async (_case, clipboard) => {
  withClipboard(clipboard)
  await copy("text", "link")
  expect(toast.value?.text).toBe("Copying is not allowed here: select the link")
  expect(await isCopied("text")).toBe(false)
})
