// Says which files can run in this browser, and why other files cannot.
import { languageName } from "../../lib/languages"

/**
 * Languages that browsers run, and the megabytes that the first run loads; 0 if there is little to
 * load.
 */
const RUNS: ReadonlyMap<string, number> = new Map([
  ["javascript", 0],
  ["typescript", 0],
  ["python", 6.4],
  ["sql", 0.4],
  ["lua", 0.2],
  ["html", 0],
])

/** Languages of text that is not a program. */
const NO_PROGRAMS = new Set(["css", "markdown", "json", "yaml", "plaintext"])

/** Whether this browser runs the language. */
export const runsHere = (language: string): boolean => RUNS.has(language)

/** The names of the languages that browsers run: "JavaScript, Python". */
export const browserLanguages = (): string => [...RUNS.keys()].map(languageName).join(", ")

/** Why neither a browser nor a service can run a file in this language; "" if one can. */
export const whyNobody = (language: string): string =>
  NO_PROGRAMS.has(language)
    ? `${languageName(language)} is not a program. Open another file to run it.`
    : ""

/** Why this browser does not run the language; "" if it does. */
export const whyNotHere = (language: string): string =>
  RUNS.has(language) ? "" : `${languageName(language)} does not run in a browser.`

/** The size of the files that the first run loads, for users: "6.4 MB"; "" if it is small. */
export function sizeOf(language: string): string {
  const size = RUNS.get(language) ?? 0
  return size > 0 ? `${size} MB` : ""
}
