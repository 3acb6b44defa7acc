import { expect, it } from "vitest"
import { pairsOf } from "./pairs"

const file = (root: string, name: string, deleted = false) => ({ root, name, deleted })

it("uses the names of files in the newer version", () => {
  const a = {
    files: { codemirror: "x", "f-1": "one", "f-2": "two", "f-3": "three" },
    documents: {},
    names: [
      file("codemirror", "main.py"),
      file("f-1", "old.py"),
      file("f-2", "gone.py"),
      file("f-3", "never.py", true),
    ],
  }
  const names = [
    file("f-1", "new.py"),
    file("codemirror", "main.py"),
    file("f-2", "gone.py", true),
    file("f-3", "never.py", true),
  ]
  expect(pairsOf(a, { ...a, names }, "py").texts).toEqual([
    { root: "f-1", name: "new.py", oldName: "old.py" },
    { root: "codemirror", name: "main.py" },
    { root: "f-2", name: "gone.py", isDeleted: true },
  ])
  expect(pairsOf(a, null, "py").texts.map(({ name }) => name)).toEqual([
    "main.py",
    "old.py",
    "gone.py",
  ])
})

it("finds the names itself where a version has none", () => {
  const contents = { files: { codemirror: "x", "../a": "y" }, documents: {} }
  expect(pairsOf(contents, null, "py").texts).toEqual([
    { root: "codemirror", name: "main.py" },
    { root: "../a", name: "a" },
  ])
})
