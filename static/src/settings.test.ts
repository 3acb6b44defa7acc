// @vitest-environment happy-dom
import { beforeEach, expect, it, vi } from "vitest"

/** Load the settings module in a browser that has these values stored. */
async function settings(stored: Record<string, string>) {
  localStorage.clear()
  for (const [name, value] of Object.entries(stored))
    localStorage.setItem(`settings.${name}`, value)
  return await import("./settings")
}

beforeEach(() => vi.resetModules())

it("keeps the user's choices", async () => {
  const { fontSize, keys, wraps } = await settings({ fontSize: "20", keys: '"vim"', wraps: "true" })
  expect([fontSize.value, keys.value, wraps.value]).toEqual([20, "vim", true])
  fontSize.value = 24
  expect(localStorage.getItem("settings.fontSize")).toBe("24")
})

it("uses the default if the stored value is not allowed, has another type, or is not JSON", async () => {
  const { fontSize, keys, tabSize, wraps } = await settings({
    fontSize: "1000",
    keys: "7",
    tabSize: "{",
    wraps: '"yes"',
  })
  expect([fontSize.value, keys.value, tabSize.value, wraps.value]).toEqual([
    14,
    "default",
    4,
    false,
  ])
})

it("shows the chosen theme, or the system's theme", async () => {
  const { applyTheme, isDark, nextTheme, theme } = await settings({ theme: '"dark"' })
  applyTheme()
  expect(document.documentElement.dataset.theme).toBe("dark")
  nextTheme()
  expect([theme.value, isDark.value, document.documentElement.dataset.theme]).toEqual([
    "light",
    false,
    "light",
  ])
})
