import { expect, it } from "vitest"
import { TakenNames, whyInvalid } from "./names"

it.each([
  ["a.py", ""],
  ["src/a b.py", ""],
  ["x".repeat(100), ""],
  ["", "Enter a name."],
  ["x".repeat(101), "Between slashes, a name has at most 100 characters."],
  ["abc/".repeat(64) + "d", "A name has at most 255 characters."],
  ["a\tb", "A name has no control characters."],
  ["a\u202eb", "A name has no control characters."],
  ["a\\b", "Use / for folders: a name has no backslash."],
  ["/a", "Write a name before and after each slash."],
  ["a//b", "Write a name before and after each slash."],
  ["a/", "Write a name before and after each slash."],
  ["../a", "A part of a name cannot be . or .."],
  ["a /b", "Remove the space next to the slash."],
])("says why %j is no name: %j", (name, why) => {
  expect(whyInvalid(name)).toBe(why)
})

it("says which file or folder has a name already", () => {
  const taken = new TakenNames(["Main.py", "src/a.py"])
  expect(taken.why("main.PY")).toBe("There is already a file Main.py.")
  expect(taken.why("SRC")).toBe("There is already a folder src.")
  expect(taken.why("main.py/b")).toBe("Main.py is a file, so it cannot be a folder.")
  expect(taken.why("src/b.py")).toBe("")
})

it("finds the first free number, also for thousands of equal names", () => {
  const taken = new TakenNames()
  for (let count = 1; count < 5000; count++) taken.claim("a.py")
  expect(taken.claim("A.py")).toBe("A 5000.py")
})
