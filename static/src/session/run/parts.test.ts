import { expect, it } from "vitest"
import { partsOf } from "./parts"
import { finderOf } from "./places"

const find = finderOf(["main.py", "lib/a.js"])

it("splits an output by colours and places", () => {
  const text = '\u001b[31mFile "main.py", line 3\u001b[0m at lib/a.js:12:5'
  const isError = true
  expect(partsOf([{ to: "err", text }], find)).toEqual([
    { text: "File ", colour: 1, isBold: false, isError },
    { text: '"main.py", line 3', colour: 1, isBold: false, isError, file: "main.py", line: 3 },
    { text: " at ", colour: null, isBold: false, isError },
    { text: "lib/a.js:12:5", colour: null, isBold: false, isError, file: "lib/a.js", line: 12 },
  ])
})

it("shows the rest of a long output as one part, without sequences", () => {
  const pieces = Array.from({ length: 3000 }, (_, index) => ({
    to: index % 2 ? ("out" as const) : ("err" as const),
    text: "\u001b[31mmain.py:1\u001b[0m ",
  }))
  const parts = partsOf(pieces, find)
  expect(parts).toHaveLength(2001)
  expect(parts.map(({ text }) => text).join("")).toBe("main.py:1 ".repeat(3000))
})
