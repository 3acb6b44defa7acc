// One round of the tests: makes their programs, runs them, and describes the results for everybody.
// It is loaded when the user first runs tests.
import type { ProgramTest } from "../../../types"
import { programOf, type Subject } from "./programs"
import { type Result, resultsOf, toReport } from "./results"
import type { TestRunner } from "./runner"
import type { Find } from "./tests"

export { summaryOf } from "./results"

/** Run one test, and return its results. `subject` is a text if the file cannot run. */
export async function runTest(
  test: ProgramTest,
  subject: Subject | string,
  runner: TestRunner,
): Promise<Result[]> {
  const failed = (problem: string) => {
    const ran = { outcome: "failed" as const, ms: 0, stdout: "", stderr: "", problem }
    return resultsOf(test, "", ran, "")
  }
  if (typeof subject === "string") return failed(subject)
  const mark = `result-${crypto.randomUUID()} `
  const program = programOf(test, subject, mark)
  if (!program) return failed(`There are no assertions in ${subject.language} here.`)
  return resultsOf(test, subject.language, await runner.run(program), mark)
}

export type Report = ReturnType<typeof described>

function described(root: string, subject: Subject, results: Result[]) {
  const open = results.filter(({ isHidden }) => !isHidden)
  const isGood = open.every(({ status }) => status === "passed")
  return {
    root,
    language: subject.language,
    name: subject.entry,
    stdout: open.map(({ status, name }) => `${status}: ${name}\n`).join(""),
    stderr: "",
    exit: isGood ? 0 : 1,
    outcome: isGood ? "done" : "failed",
    ms: open.reduce((sum, { ms }) => sum + (ms ?? 0), 0),
    tests: toReport(results),
  }
}

/**
 * Return the report of a run, or null if the file of the tests cannot run. Everybody sees the
 * report's fields, so they are made from open tests only.
 */
export function reportOf(tests: ProgramTest[], find: Find, results: Result[]): Report | null {
  const about = tests.find(({ isHidden }) => !isHidden) ?? tests[0]
  const subject = about && find(about.root)
  if (!about || !subject || typeof subject === "string") return null
  return described(about.root, subject, results)
}
