import { expect, it } from "vitest"
import { hasAssertions, hasExpectedOutput, programOf, type Subject } from "./programs"

const subject = (language: string, entry: string, code: string): Subject => ({
  language,
  files: { [entry]: code, "other.txt": "other" },
  entry,
  limitMs: 1000,
})

const file = (source: string) => ({ kind: "file" as const, input: "not used", source })

it("runs the unchanged file for a case, with the case's input", () => {
  const python = subject("python", "main.py", "print(input())")

  const program = programOf({ kind: "case", input: "1\n", source: "" }, python, "mark ")

  expect(program).toEqual({ ...python, stdin: "1\n" })
})

it.each(["javascript", "typescript", "lua", "sql"])(
  "puts %s assertions behind the code",
  (language) => {
    const program = programOf(file("SOURCE"), subject(language, "main", "CODE"), "mark ")

    const code = program?.files.main ?? ""
    expect(code.startsWith("CODE\n")).toBe(true)
    expect(code.indexOf("SOURCE")).toBeGreaterThan(code.indexOf("CODE"))
    expect(program).toMatchObject({ entry: "main", stdin: "" })
    expect(program?.files["other.txt"]).toBe("other")
  },
)

it("starts Python assertions from a new file, which has the texts as literals", () => {
  const given = subject("python", "dir/main.py", "CODE")

  const program = programOf(file('assert "\\n"'), given, "mark ")

  expect(program?.files["dir/main.py"]).toBe("CODE")
  expect(program?.files[program.entry]).toContain('"dir/main.py", "assert \\"\\\\n\\"", "mark "')
})

it("knows which languages have assertions", () => {
  expect(["javascript", "typescript", "python", "lua", "sql"].every(hasAssertions)).toBe(true)
  expect(hasAssertions("java")).toBe(false)
  expect(programOf(file("x"), subject("java", "Main.java", ""), "mark ")).toBeNull()
  expect(hasExpectedOutput({ kind: "file" }, "sql")).toBe(true)
  expect(hasExpectedOutput({ kind: "file" }, "lua")).toBe(false)
})

/** Run the JavaScript that a worker would run, and return what it writes. */
async function written(code: string, source: string): Promise<string[]> {
  const program = programOf(file(source), subject("javascript", "main.js", code), "mark ")
  const lines: string[] = []
  const process = { stdout: { write: (text: string) => lines.push(text.trim()) } }
  const body = `return (async () => { ${program?.files["main.js"] ?? ""} })()`
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- it is our own code
  const start = new Function("self", body) as (scope: unknown) => Promise<void>
  await start({ process })
  return lines
}

it("reports each JavaScript test with the values that differ", async () => {
  const code = "const add = (a, b) => a + b"
  const source =
    'test("adds", () => assert.equal(add(1, 2), 3))\n' +
    'test("fails", async () => assert.deepEqual([add(1, 1)], [3]))\n' +
    'test("throws", () => assert.throws(() => { throw new Error("x") }))\n' +
    'test("is false", () => assert(false, "said"))\n'

  const results = (await written(code, source)).map(
    (line) => JSON.parse(line.replace("mark ", "")) as unknown,
  )

  expect(results).toEqual([
    { name: "adds", passed: true },
    {
      name: "fails",
      passed: false,
      message: "the values differ",
      expected: "[\n 3\n]",
      actual: "[\n 2\n]",
    },
    { name: "throws", passed: true },
    { name: "is false", passed: false, message: "said" },
  ])
})

it.each([
  ["{ a: 1, b: [{ c: 2, d: 3 }] }", "{ b: [{ d: 3, c: 2 }], a: 1 }", true],
  ["new Map([[1, 2], [3, 4]])", "new Map([[3, 4], [1, 2]])", true],
  ["new Set([1, 2])", "new Set([2, 1])", true],
  ["[2n]", "[2n]", true],
  ["new Map([[1, 2]])", "new Map()", false],
  ["new Set([1])", "new Set([2])", false],
  ["[NaN]", "[null]", false],
  ["[1, 2]", "[2, 1]", false],
])("compares %s with %s", async (one, other, passed) => {
  const lines = await written("", `test("same", () => assert.deepEqual(${one}, ${other}))`)

  expect(JSON.parse(lines[0]?.replace("mark ", "") ?? "")).toMatchObject({ passed })
})

it("names the type of an unexpected error", async () => {
  const lines = await written("", 'test("wrong", () => null.length)')

  expect(lines[0]).toContain("TypeError: ")
})
