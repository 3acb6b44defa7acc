import { expect, it } from "vitest"

const sources = import.meta.glob<string>("./**/*.{ts,tsx,html}", {
  query: "?raw",
  import: "default",
  eager: true,
})
const own = Object.entries(sources).filter(([name]) => !name.endsWith(".test.ts"))
/** This file may be long, because it is as long as the API's description. */
const GENERATED = "./types.ts"
/** This file makes HTML of a user's text: a page, in a frame without an origin and connections. */
const PREVIEW = "./run/preview.ts"

const HTML =
  /innerHTML|outerHTML|insertAdjacentHTML|dangerouslySetInnerHTML|document\.write|\beval\(/

it.each(own)("%s makes no HTML from text, names no other host, and is short", (name, text) => {
  const html = name === PREVIEW ? /innerHTML|\beval\(/ : HTML
  expect(text).not.toMatch(html)
  expect(text).not.toMatch(/https?:\/\/(?!localhost)[a-z]/)
  if (name !== GENERATED) expect(text.split("\n").length).toBeLessThan(300)
})
