import { expect, it } from "vitest"
import type { ProgramTest } from "../../../types"
import { fromReport, type Ran, resultsOf, summaryOf, toReport } from "./results"

const MARK = "result-1 "

const test = (fields: Partial<ProgramTest> = {}): ProgramTest => ({
  id: "t",
  kind: "case",
  name: "adds",
  root: "codemirror",
  input: "1 2\n",
  expected: "3\n",
  source: "",
  isHidden: false,
  ...fields,
})

const ran = (fields: Partial<Ran> = {}): Ran => ({
  outcome: "done",
  ms: 5,
  stdout: "3\n",
  stderr: "",
  problem: "",
  ...fields,
})

it("passes a case if its output is equal to the expected output", () => {
  expect(resultsOf(test(), "python", ran(), MARK)).toEqual([
    {
      name: "adds",
      isHidden: false,
      status: "passed",
      ms: 5,
      expected: "3\n",
      actual: "3\n",
      message: "",
    },
  ])
})

it.each([
  ["another output", ran({ stdout: "4\n" }), "failed", ""],
  [
    "an error after the right output",
    ran({ outcome: "failed", stderr: "oh" }),
    "failed",
    "The program ended with an error.\noh",
  ],
  ["a program that takes too long", ran({ outcome: "timeout" }), "timeout", "It took too long."],
  [
    "a program that cannot run",
    ran({ outcome: "failed", problem: "no frame" }),
    "failed",
    "no frame",
  ],
])("fails a case with %s", (_, given, status, message) => {
  expect(resultsOf(test(), "python", given, MARK)).toMatchObject([{ status, message }])
})

it("reads the results of a file of assertions", () => {
  const lines = [
    "printed by the program",
    `${MARK}{"name":"one","passed":true}`,
    `${MARK}{"name":"two","passed":false,"message":"no","expected":"1","actual":"2"}`,
    `${MARK}no JSON`,
    `${MARK}null`,
  ]

  const results = resultsOf(
    test({ kind: "file", name: "all", isHidden: true }),
    "python",
    ran({ stdout: lines.join("\n") }),
    MARK,
  )

  expect(results.slice(0, 2)).toEqual([
    { name: "all: one", isHidden: true, status: "passed", ms: null, message: "" },
    {
      name: "all: two",
      isHidden: true,
      status: "failed",
      ms: null,
      message: "no",
      expected: "1",
      actual: "2",
    },
  ])
  expect(results.every(({ isHidden }) => isHidden)).toBe(true)
})

it("fails a file without tests, and one that ends early", () => {
  const file = test({ kind: "file", name: "all" })
  const early = ran({
    outcome: "failed",
    stdout: `${MARK}{"name":"one","passed":true}`,
    stderr: "oh",
  })

  expect(resultsOf(file, "python", ran({ stdout: "" }), MARK)).toMatchObject([
    { status: "failed", message: "The file has no tests." },
  ])
  expect(resultsOf(file, "python", early, MARK).map(({ status }) => status)).toEqual([
    "passed",
    "failed",
  ])
})

it("compares the output of SQL assertions with the expected output", () => {
  expect(resultsOf(test({ kind: "file" }), "sql", ran(), MARK)).toMatchObject([
    { status: "passed" },
  ])
})

it("counts the passed tests", () => {
  expect(summaryOf([{ status: "passed" }, { status: "failed" }, { status: "timeout" }])).toBe(
    "1 of 3 passed",
  )
})

it("makes a report that the server takes, and reads it again", () => {
  const long = "é".repeat(20_000)
  const many = Array.from({ length: 120 }, () =>
    resultsOf(
      test({ name: long, expected: long, isHidden: true }),
      "python",
      ran({ stdout: long }),
      MARK,
    ),
  ).flat()

  const report = toReport(many)

  expect(report).toHaveLength(100)
  expect(report.every((test) => test.isHidden && test.name.length === 200)).toBe(true)
  expect(report.every((test) => new TextEncoder().encode(test.expected).length <= 2048)).toBe(true)
  expect(fromReport(toReport(resultsOf(test(), "python", ran(), MARK)))).toEqual([
    {
      name: "adds",
      isHidden: false,
      status: "passed",
      ms: null,
      expected: "3\n",
      actual: "3\n",
      message: "",
    },
  ])
})
