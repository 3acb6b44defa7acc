// Tests the rules about where state is kept, as far as a test can check them. static/README.md has
// the rules with their reasons.
import { expect, it } from "vitest"
import { firstGroups } from "./testing/sources"

const sources = import.meta.glob<string>(["./**/*.{ts,tsx}", "!./**/*.test.ts"], {
  query: "?raw",
  import: "default",
  eager: true,
})
const files = Object.entries(sources)

/**
 * Matches `const toast = signal("")`, and a class's field that is set in this way. `kept` makes
 * settings.
 */
const MADE = /\b(\w+) = (?:signal|computed|kept)[<(]/g
/**
 * Matches the settings, which settings.ts makes by its function `kept`. A setting stores itself
 * when it is assigned, so a dialog may assign it.
 */
const SETTINGS = firstGroups(sources["./settings.ts"] ?? "", /export const (\w+) = kept/g)
/** State whose first value comes from a signal. The user's own choice then replaces it. */
const FIRST = [
  './pages/developers.tsx: () => new URLSearchParams(query.value).get("session") ?? PLACEHOLDER',
]

/** Return the name in `sources` of the file that an import refers to. */
function imported(from: string, target: string): string {
  const { pathname } = new URL(target, `file://${from.slice(1)}`)
  return `.${pathname}.tsx` in sources ? `.${pathname}.tsx` : `.${pathname}.ts`
}

it("modules that make signals do not use the screen", () => {
  const makers = files.filter(([, text]) => firstGroups(text, MADE).length > 0)
  const screens = makers.flatMap(([name, text]) => [
    name,
    ...firstGroups(text, /from "(\.[^"]+)"/g).map((target) => imported(name, target)),
    ...firstGroups(text, /from "(preact(?:\/[^"]*)?)"/g),
  ])

  expect(makers.length).toBeGreaterThan(7)
  expect(screens.filter((name) => name.endsWith(".tsx") || name.startsWith("preact"))).toEqual([])
})

it("components have no signals of their own", () => {
  const hooks = files.flatMap(([name, text]) =>
    firstGroups(text, /\b(useSignal|useComputed|useSignalEffect)\b/g).map(
      (hook) => `${name}: ${hook}`,
    ),
  )

  expect(hooks).toEqual([])
})

it("signals are assigned by the module that makes them", () => {
  const elsewhere = files.flatMap(([name, text]) => {
    const own = new Set([...firstGroups(text, MADE), ...SETTINGS])
    const assigned = firstGroups(
      text,
      /(?<![\w.])((?:\w+\.)*\w+)\.value (?:\?\?|\|\||&&|[-+*])?= /g,
    )
    return assigned
      .filter((name) => !own.has(name.replace(/^this\./, "")))
      .map((written) => `${name}: ${written}`)
  })

  expect(SETTINGS).toContain("theme")
  expect(elsewhere).toEqual([])
})

/** Put each call that Prettier has wrapped on one line. */
const unwrapped = (text: string) => text.replace(/\(\n\s+/g, "(").replace(/,?\n\s*\)/g, ")")

it("state of components is not a copy of a signal", () => {
  const copies = files.flatMap(([name, text]) =>
    firstGroups(unwrapped(text), /\buseState(?:<[^;\n]*?>)?\(([^;\n]*)\)$/gm)
      .filter((first) => /\.value\b|\.peek\(/.test(first))
      .map((first) => `${name}: ${first}`),
  )

  expect(copies).toEqual(FIRST)
})
