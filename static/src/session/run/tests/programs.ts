// Makes the program that runs one test.
import javaScript from "../../../run/tests/prelude.js?raw"
import lua from "../../../run/tests/prelude.lua?raw"
import python from "../../../run/tests/prelude.py?raw"
import type { Program } from "../../../run/protocol"
import type { ProgramTest } from "../../../types"

/** The tested file, and all files of the session. */
export interface Subject {
  language: string
  files: Readonly<Record<string, string>>
  /** the name of the file that is tested */
  entry: string
  limitMs: number
}

type Sources = Pick<Program, "files" | "entry">

/** The source of a program that runs a Python file and then its assertions. */
const PYTHON_ENTRY = "_run_tests.py"

type Make = (subject: Subject, code: string, source: string, mark: string) => Sources

const inEntry = ({ files, entry }: Subject, code: string): Sources => ({
  files: { ...files, [entry]: code },
  entry,
})

/**
 * In these languages, the assertions are in a block after the code, so they can use all names of
 * the code.
 */
const script: Make = (subject, code, source, mark) =>
  inEntry(
    subject,
    `${code}\n;{ const { test, assert, runTests } = (0, ${plain(javaScript)})(${JSON.stringify(mark)})\n` +
      `${source}\n;await runTests() }\n`,
  )

/** Return the expression in a prelude, without the comments and the semicolon before it. */
const plain = (text: string) => text.slice(text.indexOf(";(") + 1).trim()

const MAKERS: Readonly<Record<string, Make>> = {
  javascript: script,
  typescript: script,
  python: ({ files, entry }, _, source, mark) => {
    const call = [entry, source, mark].map((text) => JSON.stringify(text)).join(", ")
    return {
      files: { ...files, [PYTHON_ENTRY]: `${python}\n_run_tests(${call})\n` },
      entry: PYTHON_ENTRY,
    }
  },
  lua: (subject, code, source, mark) =>
    inEntry(subject, `${code}\ndo\n${lua}\n${source}\n_run_tests(${JSON.stringify(mark)})\nend\n`),
  sql: (subject, code, source) => inEntry(subject, `${code}\n;\n${source}\n`),
}

/**
 * Whether the output decides if a test passes. This is so for every case, and for assertions in
 * SQL.
 */
export const hasExpectedOutput = ({ kind }: Pick<ProgramTest, "kind">, language: string) =>
  kind === "case" || language === "sql"

/** Whether a language has files of assertions. */
export const hasAssertions = (language: string) => Object.hasOwn(MAKERS, language)

/**
 * The program of a test; null if its language has no files of assertions.
 *
 * The program prints each result in a line that begins with `mark`. The tested code could print
 * such lines, too.
 */
export function programOf(
  test: Pick<ProgramTest, "kind" | "input" | "source">,
  subject: Subject,
  mark: string,
): Program | null {
  const { language, files, entry, limitMs } = subject
  if (test.kind === "case")
    return { language, files: { ...files }, entry, stdin: test.input, limitMs }
  const made = MAKERS[language]?.(subject, files[entry] ?? "", test.source, mark)
  return made ? { ...made, language, stdin: "", limitMs } : null
}
