import { expect, it } from "vitest"
import * as Y from "yjs"
import { FileChanges } from "./changes"
import { filesOf } from "./table"
import { readTable } from "./watched"

/** A document with its files, and the number of transactions so far. */
function opened(texts: string[] = ["codemirror"]) {
  const doc = new Y.Doc()
  const files = () => filesOf({ table: readTable(doc), texts, others: [] }, "py")
  const shown = () => files().filter((file) => !file.isDeleted)
  const changes = new FileChanges(doc, files)
  const rootOf = (name: string) => files().find((file) => file.name === name)?.root ?? "none"
  let steps = 0
  doc.on("update", () => (steps += 1))
  const names = () => shown().map(({ name }) => name)
  return { doc, changes, names, rootOf, files, steps: () => steps }
}

it("creates files that exist without text, in the order in which they were made", () => {
  const { doc, changes, names, steps } = opened()
  const root = changes.create("z.py", "text")
  changes.create("a.py")

  expect(names()).toEqual(["main.py", "z.py", "a.py"])
  expect(root).toMatch(/^f-[0-9a-z]{12}$/)
  expect(doc.getText(root).toJSON()).toBe("text")
  expect(steps()).toBe(2)
})

it("keeps the properties that other programs have written into an entry", () => {
  const { doc, changes, rootOf } = opened()
  doc.getMap("files").set("f-1", { name: "a.py", order: 3, colour: "red" })
  changes.rename(rootOf("a.py"), "b.py")
  changes.remove(["f-1"])
  changes.bringBack(["f-1"])

  expect(doc.getMap("files").get("f-1")).toEqual({ name: "b.py", order: 3, colour: "red" })
})

it("makes an entry for a root that has none", () => {
  const { doc, changes, names, rootOf } = opened(["codemirror", "util.py"])
  changes.rename(rootOf("util.py"), "lib/util.py")
  changes.rename(rootOf("main.py"), "app.py")

  expect(names()).toEqual(["app.py", "lib/util.py"])
  expect(doc.getMap("files").get("codemirror")).toEqual({ name: "app.py", order: 0 })
})

it("brings a file back under a free name", () => {
  const { changes, names, rootOf } = opened()
  const root = changes.create("a.py")
  changes.remove([root])
  changes.create("A.py")
  changes.bringBack([root])

  expect(names()).toEqual(["main.py", "a 2.py", "A.py"])
  expect(rootOf("a 2.py")).toBe(root)
})

it("does not change a file that was brought back already", () => {
  const { changes, names, steps } = opened()
  const root = changes.create("a.py")
  changes.remove([root])
  changes.bringBack([root])
  changes.bringBack([root])

  expect(names()).toEqual(["main.py", "a.py"])
  expect(steps()).toBe(3)
})

it("renames a folder in one step, and says what is in the way", () => {
  const { changes, names, steps } = opened()
  for (const name of ["src/a.py", "src/in/b.py", "lib/a.py"]) changes.create(name)
  expect(changes.whyNotFolder("src", "lib")).toBe("There is already a file lib/a.py.")
  expect(changes.whyNotFolder("src", "src/in")).toBe("")
  changes.renameFolder("src", "source")

  expect(names()).toEqual(["main.py", "source/a.py", "source/in/b.py", "lib/a.py"])
  expect(steps()).toBe(4)
})

it("puts files in order, and does not fix the main file's name", () => {
  const { doc, changes, names, rootOf } = opened(["codemirror", "d.py", "e.py"])
  for (const name of ["a.py", "b.py", "c.py"]) changes.create(name)
  changes.step(rootOf("c.py"), -1)
  expect(names()).toEqual(["main.py", "a.py", "c.py", "b.py", "d.py", "e.py"])
  changes.step("codemirror", 1)
  expect(names()).toEqual(["a.py", "main.py", "c.py", "b.py", "d.py", "e.py"])
  changes.step("e.py", -1)
  expect(names()).toEqual(["a.py", "main.py", "c.py", "b.py", "e.py", "d.py"])
  expect(changes.step(rootOf("a.py"), -1)).toBe(false)
  expect(changes.step("d.py", 1)).toBe(false)
  expect(doc.getMap("files").has("codemirror")).toBe(false)
})

it("moves a file into a folder, at a place there", () => {
  const { changes, names, rootOf } = opened()
  for (const name of ["src/a.py", "src/b.py", "c.py"]) changes.create(name)
  changes.place(rootOf("c.py"), "src", rootOf("src/b.py"))
  expect(names()).toEqual(["main.py", "src/a.py", "src/c.py", "src/b.py"])
  changes.place(rootOf("src/a.py"), "", null)
  expect(names()).toEqual(["main.py", "a.py", "src/c.py", "src/b.py"])
})

it("puts files between the same two files many times", () => {
  const { changes, names, rootOf } = opened()
  for (const name of ["a.py", "b.py", "c.py"]) changes.create(name)
  for (let count = 0; count < 120; count++) {
    const [, , second = "", third = ""] = names()
    changes.place(rootOf(third), "", rootOf(second))
  }
  expect(names()).toEqual(["main.py", "a.py", "b.py", "c.py"])
})

it("cannot change the files of a document that uses the table's name for something else", () => {
  const { doc, changes } = opened()
  doc.getMap("files").set("theme", "dark")
  expect(changes.canChange()).toBe(false)
  expect(opened().changes.canChange()).toBe(true)
})
