import { expect, it } from "vitest"
import { sentence } from "./form"

it.each([
  [["must have at least 3 characters"], "Name must have at least 3 characters."],
  [["This name is taken."], "This name is taken."],
  [["must not be empty", "must not begin with a space"], "Name must not be empty. Name must not begin with a space."],
])("makes sentences of what the server says of a field", (wrong, said) => {
  expect(sentence("Name", wrong)).toBe(said)
})
