import { expect, it } from "vitest"
import { filesOf, tableOf } from "./table"
import { folderKey, parentOf, startingWith, treeRows } from "./tree"

const files = filesOf(
  {
    table: tableOf(
      new Map(
        ["z.py", "src/b.py", "src/in/c.py", "SRC/a.py", "lib/x.py"].map((name, order) => [
          `f-${order}`,
          { name, order: order + 1 },
        ]),
      ),
    ),
    texts: ["codemirror"],
    others: [],
  },
  "py",
)
const rows = treeRows(files)

it("lists folders before files, and each folder's content below the folder", () => {
  expect(rows.map(({ level, label }) => `${" ".repeat(level)}${label}`)).toEqual([
    " lib",
    "  x.py",
    " src",
    "  in",
    "   c.py",
    "  b.py",
    "  a.py",
    " main.py",
    " z.py",
  ])
  expect(rows.map(({ index, count }) => `${index}/${count}`)).toEqual([
    "1/4", "1/1", "2/4", "1/3", "1/1", "2/3", "3/3", "3/4", "4/4",
  ]) // prettier-ignore
})

it("hides what is in a folded folder", () => {
  const folded = treeRows(files, new Set([folderKey("src")]))
  expect(folded.map(({ label }) => label)).toEqual(["lib", "x.py", "src", "main.py", "z.py"])
})

it("finds the folder of a row, and the next row that starts with some letters", () => {
  const at = (label: string) => rows.findIndex((row) => row.label === label)
  const row = rows[at("a.py")]
  expect(row && parentOf(rows, row)?.label).toBe("src")
  expect(rows[0] && parentOf(rows, rows[0])).toBeUndefined()
  expect(startingWith(rows, at("main.py"), "L")?.label).toBe("lib")
  expect(startingWith(rows, at("lib"), "l")?.label).toBe("lib")
  expect(startingWith(rows, 0, "q")).toBeUndefined()
})
