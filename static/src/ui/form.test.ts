import { expect, it } from "vitest"
import { sentence } from "./form"

it.each([
  [["must have at least 3 characters"], "Name must have at least 3 characters."],
  [["This name is taken."], "This name is taken."],
  [
    ["must not be empty", "must not begin with a space"],
    "Name must not be empty. Name must not begin with a space.",
  ],
])("makes sentences from the server's messages about a field", (wrong, said) => {
  expect(sentence("Name", wrong)).toBe(said)
})

it.each(["is required", "may not be empty"])("asks for a value that is missing: %s", (wrong) => {
  expect(sentence("Name", [wrong], "Please enter your name.")).toBe("Please enter your name.")
  expect(sentence("Name", [wrong])).toBe(`Name ${wrong}.`)
  expect(sentence("Name", ["is odd"], "Please enter your name.")).toBe("Name is odd.")
})
