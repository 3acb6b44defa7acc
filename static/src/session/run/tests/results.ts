// Decides whether a test has passed, and makes the report for other people.
import type { Outcome } from "../../../run/protocol"
import type { ProgramTest, RunTest } from "../../../types"
import { isSame } from "./compare"
import { hasExpectedOutput } from "./programs"

/** How the program of a test ended. */
export interface Ran {
  outcome: Outcome
  ms: number
  stdout: string
  stderr: string
  /** why it could not run; "" if it could */
  problem: string
}

export interface Result {
  name: string
  isHidden: boolean
  status: "passed" | "failed" | "timeout"
  /** the milliseconds that the test took; null for one test of several in a file */
  ms: number | null
  expected?: string
  actual?: string
  /** a text about an error that is not a wrong output */
  message: string
}

/** The server keeps this many results of one run, and this many characters of a name. */
const MOST = 100
const NAME_LENGTH = 200
/**
 * The largest size of one value, and of all values together, in bytes. The server takes at most
 * 64 KiB of JSON.
 */
const VALUE_BYTES = 2048
const VALUES_BYTES = 24_000

type Fields = Partial<Record<string, unknown>>

const text = (value: unknown) => (typeof value === "string" ? value : undefined)

/** The results in the lines that begin with the mark. */
function reported({ stdout }: Ran, mark: string, isHidden: boolean): Result[] {
  return stdout
    .split("\n")
    .filter((line) => line.startsWith(mark))
    .flatMap((line) => {
      const result = parsed(line.slice(mark.length), isHidden)
      return result ? [result] : []
    })
}

/** The result in a line; null if the line has none, because the program itself printed it. */
function parsed(line: string, isHidden: boolean): Result | null {
  let fields: Fields
  try {
    fields = Object(JSON.parse(line)) as Fields
  } catch {
    return null
  }
  const expected = text(fields.expected)
  const actual = text(fields.actual)
  return {
    name: text(fields.name) ?? "",
    isHidden,
    status: fields.passed === true ? "passed" : "failed",
    ms: null,
    message: text(fields.message) ?? "",
    ...(expected === undefined ? {} : { expected }),
    ...(actual === undefined ? {} : { actual }),
  }
}

const endings: Readonly<Record<Outcome, string>> = {
  done: "",
  failed: "The program ended with an error.",
  stopped: "You stopped it.",
  timeout: "It took too long.",
}

/** The results of one test: several for a file of assertions. */
export function resultsOf(test: ProgramTest, language: string, ran: Ran, mark: string): Result[] {
  const { name, isHidden, expected } = test
  const { outcome, ms, stdout, stderr } = ran
  const message = [ran.problem || endings[outcome], stderr].filter(Boolean).join("\n")
  const status = outcome === "timeout" ? "timeout" : "failed"
  const common: Result = { name, isHidden, status, ms, message }
  if (hasExpectedOutput(test, language)) {
    const isGood = outcome === "done" && !ran.problem && isSame(expected, stdout)
    return [{ ...common, status: isGood ? "passed" : status, expected, actual: stdout }]
  }
  const results = reported(ran, mark, isHidden).map((result) => ({
    ...result,
    name: `${name}: ${result.name}`,
  }))
  if (outcome === "done" && !ran.problem && results.length > 0) return results
  return [...results, { ...common, message: message || "The file has no tests." }]
}

/** "7 of 9 passed" */
export const summaryOf = (results: readonly { status: Result["status"] }[]) =>
  `${results.filter(({ status }) => status === "passed").length} of ${results.length} passed`

function shortened(value: string, bytes: number): string {
  const encoded = new TextEncoder().encode(value)
  if (encoded.length <= bytes) return value
  // half a character at the end is dropped
  return new TextDecoder().decode(encoded.subarray(0, bytes - 3)).replace(/\uFFFD$/, "")
}

/** The results as the server keeps them. */
export function toReport(results: readonly Result[]): RunTest[] {
  const first = results.slice(0, MOST)
  const bytes = Math.min(VALUE_BYTES, Math.floor(VALUES_BYTES / (2 * Math.max(first.length, 1))))
  return first.map(({ name, status, isHidden, expected, actual, message }) => {
    const got = [actual, message].filter(Boolean).join("\n")
    return {
      name: Array.from(name).slice(0, NAME_LENGTH).join(""),
      passed: status === "passed",
      ...(expected === undefined ? {} : { expected: shortened(expected, bytes) }),
      ...(status === "passed" && actual === undefined ? {} : { actual: shortened(got, bytes) }),
      ...(isHidden ? { isHidden } : {}),
    }
  })
}

/** The results of a kept run. */
export const fromReport = (tests: readonly RunTest[]): Result[] =>
  tests.map(({ name, passed, expected, actual, isHidden }) => ({
    name,
    isHidden: isHidden === true,
    status: passed ? "passed" : "failed",
    ms: null,
    ...(expected === undefined ? {} : { expected }),
    ...(actual === undefined ? {} : { actual }),
    message: "",
  }))
