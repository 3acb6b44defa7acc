// Tests for the structure of the style sheets. app.css explains the structure, and
// styles/tokens.css has the colours.
import { describe, expect, it } from "vitest"
import { itemAt } from "./lib/lists"
import { firstGroups } from "./testing/sources"

const sheets = import.meta.glob<string>("./**/*.css", {
  query: "?raw",
  import: "default",
  eager: true,
})
const code = import.meta.glob<string>(["./**/*.{ts,tsx,html}", "!./**/*.test.ts"], {
  query: "?raw",
  import: "default",
  eager: true,
})
const INDEX = "./app.css"
const TOKENS = "./styles/tokens.css"

const files = Object.entries(sheets)
const withoutComments = (text: string) => text.replace(/\/\*[\s\S]*?\*\//g, "")
const css = withoutComments(Object.values(sheets).join("\n"))
const sources = Object.values(code).join("\n")

const sorted = (names: Iterable<string>) => [...new Set(names)].sort()

/** The classes in the selectors of a sheet. */
const styled = (text: string) =>
  firstGroups(withoutComments(text), /([^{};]+)\{/g).flatMap((selector) =>
    firstGroups(selector, /\.([a-z][\w-]*)/gi),
  )

/** The classes that a source gives to elements, except those that it makes from variables. */
function given(text: string): string[] {
  const plain = firstGroups(text, /\bclass(?:Name)?(?:=|: | = )"([^"]*)"/g)
  const computed = firstGroups(text, /\bclass(?:=\{|Name = )((?:[^{}\n]|\{[^{}]*\})*)/g).flatMap(
    (value) => firstGroups(value, /["`]([^"`]*)["`]/g),
  )
  return [...plain, ...computed]
    .flatMap((value) => value.split(/\s+/))
    .filter((name) => name && !name.includes("$"))
}

/** Classes whose names are made from variables, and the code that gives them to elements. */
const COMPOSED: Record<string, string> = {
  saved: "session/bar.tsx: the state of saving",
  saving: "session/bar.tsx: the state of saving",
  manual: "versions/page.tsx: the kind of a version",
  nearly: "pages/usage.tsx: how full a gauge is",
  "mark-manual": "replay/tracks.tsx: the kind of a mark",
  "mark-final": "replay/tracks.tsx: the kind of a mark",
  "mark-paste": "replay/tracks.tsx: the kind of a mark",
  "mark-redacted": "replay/tracks.tsx: the kind of a mark",
  "cm-editor": "CodeMirror",
  "cm-collapsedLines": "CodeMirror",
  "cm-mergeView": "CodeMirror",
  "cm-mergeViewEditor": "CodeMirror",
}
/** The sources that may have colours, and the reasons why these colours are not tokens. */
const COLOURED: Record<string, string> = {
  "./ui/avatar.tsx": "people's colours: the server has the same ones",
  "./session/share/qr.tsx":
    "a QR code is black on white in both themes, otherwise cameras do not read it",
}
const COLOUR =
  /#(?:[\da-f]{8}|[\da-f]{6}|[\da-f]{3,4})\b(?=["';\s,)])|\b(?:rgb|hsl|oklch|oklab|lab|lch|color)a?\(/gi

describe("a style sheet", () => {
  it.each(files)("%s begins with a comment, and is short", (_name, text) => {
    expect(text).toMatch(/^\/\*\s*(\*\s)?\w/)
    expect(text.split("\n").length).toBeLessThan(300)
  })

  it("is imported by app.css, once", () => {
    const imported = firstGroups(sheets[INDEX] ?? "", /@import "([^"]+)";/g)
    expect([...imported, INDEX].sort()).toEqual(Object.keys(sheets).sort())
    expect(files.filter(([name, text]) => name !== INDEX && text.includes("@import"))).toEqual([])
  })

  it("of a component has the component's name, and one of its classes", () => {
    for (const [name, text] of files) {
      if (name === INDEX || name.startsWith("./styles/")) continue
      const component = code[name.replace(/\.css$/, ".tsx")]
      expect(component, `${name} has no component of its name next to it`).toBeDefined()
      const own = given(component ?? "")
      expect(
        styled(text).some((styledClass) => own.includes(styledClass)),
        name,
      ).toBe(true)
    }
  })
})

describe("a class", () => {
  const used = new Set(Object.values(code).flatMap(given))
  const named = new Set(files.flatMap(([, text]) => styled(text)))

  it("that has rules is given to an element", () => {
    expect(sorted(named).filter((name) => !used.has(name) && !(name in COMPOSED))).toEqual([])
  })

  it("that is given to an element has rules", () => {
    // session/editor/carets.ts contains the rules of its classes
    expect(
      sorted(used).filter((name) => !named.has(name) && !sources.includes(`".${name}"`)),
    ).toEqual([])
  })

  it("that is composed has rules, and is not named as a whole", () => {
    expect(Object.keys(COMPOSED).filter((name) => !named.has(name))).toEqual([])
    expect(Object.keys(COMPOSED).filter((name) => used.has(name))).toEqual([])
  })
})

describe("a colour", () => {
  it("is defined in tokens.css", () => {
    const colours = [...files, ...Object.entries(code)].flatMap(([name, text]) =>
      name === TOKENS || name in COLOURED
        ? []
        : (withoutComments(text).match(COLOUR) ?? []).map((colour) => [name, colour]),
    )
    expect(colours).toEqual([])
    for (const name of Object.keys(COLOURED)) expect(code[name]).toMatch(COLOUR)
  })
})

describe("a token", () => {
  const [light, dark] = withoutComments(sheets[TOKENS] ?? "").split(':root[data-theme="dark"]')
  const values = (text = "") =>
    new Map(
      [...text.matchAll(/(--[\w-]+):\s+([^;]+);/g)].map((match) => [
        itemAt(match, 1),
        itemAt(match, 2),
      ]),
    )
  const themes: [string, Map<string, string>][] = [
    ["light", values(light)],
    ["dark", new Map([...values(light), ...values(dark?.split("@media")[0])])],
  ]

  it("is used, and each used name is a token", () => {
    const asked = firstGroups(css + sources, /var\((--[\w-]+)/g)
    expect(sorted(asked)).toEqual(sorted(themes.flatMap(([, theme]) => [...theme.keys()])))
    expect(
      firstGroups(css, /z-index: ([^;]+);/g).filter((value) => !value.startsWith("var(")),
    ).toEqual([])
  })

  it.each(themes)("of a text can be read in the %s theme", (_name, theme) => {
    const read = (name: string) => luminance(theme.get(name) ?? "")
    const texts = [...theme.keys()].filter((name) =>
      /^--(text|soft|faint|accent|danger|warn|good|syn-\w+)$/.test(name),
    )
    expect(texts.length).toBe(14)
    for (const ground of ["--bg", "--panel"]) {
      for (const text of texts)
        expect(contrast(read(text), read(ground)), text).toBeGreaterThanOrEqual(4.5)
      expect(contrast(read("--line-strong"), read(ground))).toBeGreaterThanOrEqual(3)
    }
    for (const ground of ["--line-active", "--selection"])
      for (const text of texts.filter((name) => name.startsWith("--syn-") || name === "--text"))
        expect(contrast(read(text), read(ground)), `${text} on ${ground}`).toBeGreaterThanOrEqual(
          4.5,
        )
    for (const [text, ground] of PAIRS)
      expect(contrast(read(text), read(ground)), text).toBeGreaterThanOrEqual(4.5)
  })

  it("lists the widths at which the layout changes", () => {
    const listed = firstGroups(sheets[TOKENS] ?? "", /^ \* {3}(\d+)px {2}/gm)
    expect(sorted(firstGroups(css, /@media \(max-width: (\d+)px\)/g))).toEqual(sorted(listed))
    expect(css).not.toMatch(/@media [^{]*width(?!: \d+px\))/)
    const panel = firstGroups(sheets["./session/panels/side.css"] ?? "", /max-width: (\d+)px/g)
    expect(firstGroups(code["./session/view.ts"] ?? "", /PANEL_FROM_PX = (\d+)/g)).toEqual(panel)
  })
})

/** Colours of texts with the only background on which they are used. */
const PAIRS: [string, string][] = [
  ["--accent-text", "--accent"],
  ["--text", "--accent-soft"],
  ["--warn", "--warn-soft"],
  ["--danger", "--danger-soft"],
  ["--text", "--selection"],
  ["--bg", "--text"],
]

/** The luminance of "#rrggbb", as WCAG 2.2 computes it. */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

const contrast = (one: number, other: number) =>
  (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05)
