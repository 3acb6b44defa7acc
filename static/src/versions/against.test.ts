import { expect, it } from "vitest"
import { comparedWith } from "./against"

const VERSIONS = [4, 3, 2, 1].map((version) => ({ version, damaged: version === 3 }))

it.each([
  [4, "", "2", "the newest earlier version that can be read"],
  [2, "", "1", "the version before"],
  [1, "", "live", "the current text, if there is no version before"],
  [4, "1", "1", "the chosen version"],
  [1, "4", "4", "a newer version that was chosen"],
  [1, "1", "live", "not itself, after another version was shown with it"],
  [2, "2", "1", "not itself"],
  [2, "live", "live", "the current text"],
  [2, "none", "none", "nothing"],
  [2, "9", "1", "no version that is not in the list"],
])("compares version %i after the choice of %j with %j: %s", (version, chosen, against) => {
  expect(comparedWith(version, chosen, VERSIONS)).toBe(against)
})
