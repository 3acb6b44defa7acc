// @vitest-environment happy-dom
import { beforeEach, expect, it, vi } from "vitest"
import { del, get, patch, post } from "../../../api"
import type { Program } from "../../../run/protocol"
import type { ProgramTest } from "../../../types"
import type { Ran } from "./results"
import { Tests, type Written } from "./tests"

vi.mock("../../../api", () => ({
  del: vi.fn(),
  get: vi.fn(),
  patch: vi.fn(),
  post: vi.fn(),
  words: String,
}))
vi.mock("../../../ui/announce", () => ({ announce: vi.fn(), tell: vi.fn() }))

/** Stands in for the frame, because a real one loads files from a server. */
const frame = vi.hoisted(() => ({
  run: vi.fn<(program: Program) => Promise<Ran>>(),
  stop: vi.fn(),
  close: vi.fn(),
}))
vi.mock("./runner", () => ({
  TestRunner: class {
    run = frame.run
    stop = frame.stop
    close = frame.close
  },
}))

const test = (id: string, fields: Partial<ProgramTest> = {}): ProgramTest => ({
  id,
  kind: "case",
  name: id,
  root: "codemirror",
  input: id,
  expected: "3\n",
  source: "",
  isHidden: false,
  ...fields,
})

const find = () => ({
  language: "python",
  files: { "main.py": "" },
  entry: "main.py",
  limitMs: 1000,
})

async function opened(tests: ProgramTest[], isStaff = true): Promise<Tests> {
  vi.mocked(get).mockResolvedValue({ tests, isStaff })
  const made = new Tests("s")
  await made.load()
  return made
}

const printed = (stdout: string): Ran => ({
  outcome: "done",
  ms: 2,
  stdout,
  stderr: "",
  problem: "",
})

beforeEach(() => {
  vi.clearAllMocks()
  vi.mocked(post).mockResolvedValue({ run: { number: 7 } })
  frame.run.mockImplementation(({ stdin }) =>
    Promise.resolve(printed(stdin === "bad" ? "4\n" : "3\n")),
  )
})

it("runs all tests in order, and shows everybody only the results of open tests", async () => {
  const tests = await opened([test("one"), test("bad", { isHidden: true }), test("two")])

  await tests.run(find)

  expect(frame.run.mock.calls.map(([{ stdin }]) => stdin)).toEqual(["one", "bad", "two"])
  expect(tests.results.value?.map(({ status }) => status)).toEqual(["passed", "failed", "passed"])
  const [path, body] = vi.mocked(post).mock.calls[0] ?? []
  expect(path).toBe("/session/s/runs")
  expect(body).toMatchObject({
    stdout: "passed: one\npassed: two\n",
    exit: 0,
    outcome: "done",
    ms: 4,
  })
  expect(tests.ranAs.value).toBe(7)
})

it("fails tests whose files are deleted, without running them", async () => {
  const tests = await opened([test("one")])

  await tests.run(() => "The file of this test is gone.")

  expect(frame.run).not.toHaveBeenCalled()
  expect(tests.results.value).toMatchObject([
    { status: "failed", message: "The file of this test is gone." },
  ])
})

it("reports nothing after a stop", async () => {
  const tests = await opened([test("one"), test("two")])
  frame.run.mockImplementation(() => {
    tests.stop()
    return Promise.resolve({ ...printed(""), outcome: "stopped" })
  })

  await tests.run(find)

  expect(frame.run).toHaveBeenCalledTimes(1)
  expect(post).not.toHaveBeenCalled()
  expect(tests.running.value).toBeNull()
})

it("tells the server whether a test is hidden only if the user is staff", async () => {
  const written: Written = {
    kind: "case",
    name: "one",
    root: "codemirror",
    input: "",
    expected: "",
    source: "",
    isHidden: false,
  }

  await (await opened([], false)).save(null, written)
  await (await opened([], true)).save("t", written)

  expect(vi.mocked(post).mock.calls[0]?.[1]).not.toHaveProperty("isHidden")
  expect(vi.mocked(patch).mock.calls[0]?.[1]).toHaveProperty("isHidden", false)
})

it("moves a test by sending its id and its neighbour's", async () => {
  const shown = [test("a"), test("b"), test("c")]
  const tests = await opened(shown)
  vi.mocked(post).mockResolvedValue({ tests: [test("a"), test("c"), test("b")], isStaff: true })

  await tests.move("c", -1, shown)
  await tests.move("a", -1, shown)

  expect(vi.mocked(post).mock.calls).toEqual([["/session/s/tests/order", { ids: ["c", "b"] }]])
  expect(tests.list.value?.map(({ id }) => id)).toEqual(["a", "c", "b"])
})

it("moves a test past those that the screen does not show", async () => {
  const [open, secret, other] = [test("a"), test("b", { isHidden: true }), test("c")]
  const tests = await opened([open, secret, other])
  vi.mocked(post).mockResolvedValue({ tests: [other, secret, open], isStaff: true })

  await tests.move("a", 1, [open, other])

  expect(vi.mocked(post).mock.calls).toEqual([["/session/s/tests/order", { ids: ["c", "a"] }]])
})

it("reads the tests again after a note, if it has read them", async () => {
  const fresh = new Tests("s")
  await fresh.noted()
  expect(get).not.toHaveBeenCalled()

  const tests = await opened([test("a")])
  await tests.noted()
  await tests.remove("a")

  expect(get).toHaveBeenCalledTimes(3)
  expect(vi.mocked(del).mock.calls).toEqual([["/session/s/tests/a"]])
})
