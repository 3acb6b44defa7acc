/** Search in the sources of the app, for tests that check rules of style. */
import { itemAt } from "../lib/lists"

/** Return the first group of each match of a pattern. */
export const firstGroups = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map((match) => itemAt(match, 1))
