import { expect, it } from "vitest"
import { isAltCommand } from "./keys"

const MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15"
const LINUX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"

const press = (keys: { ctrlKey?: boolean; altGraph?: boolean } = {}) => ({
  altKey: true,
  ctrlKey: keys.ctrlKey ?? false,
  metaKey: false,
  getModifierState: (key: string) => key === "AltGraph" && keys.altGraph === true,
})

it("does not treat Alt as a command while somebody types on a Mac", () => {
  expect(isAltCommand(press(), true, MAC)).toBe(false)
  expect(isAltCommand(press(), false, MAC)).toBe(true)
  expect(isAltCommand(press(), true, LINUX)).toBe(true)
})

it("does not treat AltGr as a command", () => {
  expect(isAltCommand(press({ altGraph: true }), true, LINUX)).toBe(false)
  expect(isAltCommand(press({ ctrlKey: true }), true, LINUX)).toBe(false)
  expect(isAltCommand({ ...press(), altKey: false }, false, LINUX)).toBe(false)
})
