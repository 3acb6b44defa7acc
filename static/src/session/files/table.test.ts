import { expect, it } from "vitest"
import * as Y from "yjs"
import text from "../../../../tests/cases/file_names.json?raw"
import { filesOf, filesTold, tableOf } from "./table"
import { readTable } from "./watched"
import { arrived } from "../../testing/documents"

interface Case {
  about: string
  entries: Record<string, unknown> | unknown[] | null
  roots: string[]
  suffix: string
  shown: [string, string][]
  deleted: [string, string][]
}

const cases = JSON.parse(text) as Case[]

const writtenBy =
  ({ entries }: Case) =>
  (doc: Y.Doc) => {
    if (Array.isArray(entries)) doc.getArray("files").push(entries)
    else
      for (const [key, value] of Object.entries(entries ?? {})) doc.getMap("files").set(key, value)
  }

it.each(cases)("names files as the server does: $about", (example) => {
  const table = readTable(arrived(writtenBy(example)))
  const files = filesOf({ table, texts: example.roots, others: [] }, example.suffix)
  const named = (isDeleted: boolean) =>
    files.filter((file) => file.isDeleted === isDeleted).map(({ root, name }) => [root, name])

  expect(cases.length).toBeGreaterThan(24)
  expect(named(false)).toEqual(example.shown)
  expect(named(true)).toEqual(example.deleted)
})

it("reads the table without making a text of that name unreadable", () => {
  const doc = arrived((theirs) => theirs.getText("files").insert(0, "a text"))
  expect(readTable(doc).isForeign).toBe(true)
  expect(doc.getText("files").toJSON()).toBe("a text")
  expect(readTable(doc).isForeign).toBe(true)
})

it("reads no more than 5,000 entries", () => {
  const values = new Map(
    Array.from({ length: 6000 }, (_, at) => [`f-${at}`, { name: `${at}.py`, order: at }]),
  )
  expect(tableOf(values).entries.size).toBe(5000)
})

it("lists a root that is no text under the name of its entry, and not the table", () => {
  const table = tableOf(new Map([["board", { name: "board.json", order: 1 }]]))
  const files = filesOf({ table, texts: ["codemirror"], others: ["board", "files"] }, "py")
  expect(files.map(({ name, isText }) => [name, isText])).toEqual([
    ["main.py", true],
    ["board.json", false],
  ])
})

it("takes the names from the server's answer, or finds them by the same rules", () => {
  const told = {
    files: { codemirror: "", "f-1": "text", "f-2": "" },
    documents: { board: { value: {} } },
  }
  const names = [
    { root: "f-1", name: "a.py", deleted: false },
    { root: "f-2", name: "b.py", deleted: true },
  ]
  const shown = (files: ReturnType<typeof filesTold>) =>
    files.map(({ name, isText, isDeleted }) => [name, isText, isDeleted])
  expect(shown(filesTold({ ...told, names }, "py"))).toEqual([
    ["a.py", true, false],
    ["b.py", true, true],
    ["board", false, false],
  ])
  const files = { value: { "f-1": { name: "a.py", order: 1 } } }
  expect(shown(filesTold({ ...told, documents: { files } }, "py"))).toEqual([
    ["main.py", true, false],
    ["a.py", true, false],
    ["f-2", true, false],
  ])
})
