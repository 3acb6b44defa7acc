import { expect, it } from "vitest"
import * as Y from "yjs"
import text from "../../../../tests/cases/file_names.json?raw"
import { filesOf, readTable, tableOf } from "./table"

interface Case {
  about: string
  entries: Record<string, unknown> | unknown[] | null
  roots: string[]
  suffix: string
  shown: [string, string][]
  deleted: [string, string][]
}

const cases = JSON.parse(text) as Case[]

/** A document that has come from elsewhere, so that no root has a type yet. */
function arrived(write: (doc: Y.Doc) => void): Y.Doc {
  const theirs = new Y.Doc()
  write(theirs)
  const doc = new Y.Doc()
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(theirs))
  return doc
}

const writtenBy =
  ({ entries }: Case) =>
  (doc: Y.Doc) => {
    if (Array.isArray(entries)) doc.getArray("files").push(entries)
    else
      for (const [key, value] of Object.entries(entries ?? {})) doc.getMap("files").set(key, value)
  }

it.each(cases)("names files as the server does: $about", (one) => {
  const table = readTable(arrived(writtenBy(one)))
  const files = filesOf({ table, texts: one.roots, others: [] }, one.suffix)
  const named = (isDeleted: boolean) =>
    files.filter((file) => file.isDeleted === isDeleted).map(({ root, name }) => [root, name])

  expect(cases.length).toBeGreaterThan(24)
  expect(named(false)).toEqual(one.shown)
  expect(named(true)).toEqual(one.deleted)
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
