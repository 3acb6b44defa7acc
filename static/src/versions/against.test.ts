import { expect, it } from "vitest"
import { comparedWith } from "./against"

const VERSIONS = [4, 3, 2, 1].map((version) => ({ version, damaged: version === 3 }))

it.each([
  [4, "", "2", "the newest one before that can be read"],
  [2, "", "1", "the one before"],
  [1, "", "live", "the text as it is now, where there is none before"],
  [4, "1", "1", "what was chosen"],
  [1, "4", "4", "a newer one that was chosen"],
  [1, "1", "live", "not itself, after another version was shown with it"],
  [2, "2", "1", "not itself"],
  [2, "live", "live", "the text as it is now"],
  [2, "none", "none", "nothing"],
  [2, "9", "1", "no version that is not in the list"],
])("compares version %i after the choice of %j with %j: %s", (version, chosen, against) => {
  expect(comparedWith(version, chosen, VERSIONS)).toBe(against)
})
