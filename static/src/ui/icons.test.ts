import { expect, it } from "vitest"
import { itemAt } from "../lib/lists"
import { PATHS } from "./icons"

const sources = import.meta.glob<string>(["../**/*.{ts,tsx}", "!../**/*.test.ts", "!./icons.tsx"], {
  query: "?raw",
  import: "default",
  eager: true,
})
const named = [
  ...Object.values(sources)
    .join("\n")
    .matchAll(/"([a-z]+)"/g),
].map((match) => itemAt(match, 1))

it.each(Object.entries(PATHS))(
  "%s is used, and its path begins at an absolute position",
  (name, path) => {
    expect(named).toContain(name)
    expect(path.join(" ")).toMatch(/^M[\d ]/)
  },
)
