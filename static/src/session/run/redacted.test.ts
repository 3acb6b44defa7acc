// @vitest-environment happy-dom
// What a page shows of runs after a redaction, also if the page was offline meanwhile.
import { beforeEach, expect, it, vi } from "vitest"
import { get, post } from "../../api"
import type { Run } from "../../types"
import { Runs } from "./runs"
import type { Task } from "./task"
import { Tests } from "./tests/tests"

vi.mock("../../api", () => {
  class ApiError extends Error {
    constructor(readonly status: number) {
      super(String(status))
    }
  }
  return { ApiError, get: vi.fn(), post: vi.fn(), words: String }
})
vi.mock("../../ui/announce", () => ({ announce: vi.fn(), tell: vi.fn() }))
vi.mock("./tests/runner", () => ({
  TestRunner: class {
    run = () =>
      Promise.resolve({ outcome: "done", ms: 1, stdout: "secret\n", stderr: "", problem: "" })
  },
}))

const { ApiError } = await import("../../api")
const BLOCKS = "██████"

const run = (number: number, stdout: string): Run => ({
  number,
  user: { id: "a", username: "Ada", avatar: null, guest: false },
  root: "code",
  language: "go",
  name: "main.go",
  stdin: "",
  stdout,
  stderr: "",
  exit: 0,
  outcome: "done",
  ms: 1,
  isCut: false,
  tests: [],
  sequence: 1,
  at: "2026-01-01T00:00:00.000Z",
})
const task: Task = {
  root: "code",
  entry: "main.go",
  language: "go",
  files: { "main.go": "" },
  stdin: "",
  limitMs: 1000,
  again: null,
}

/** What the server has; null if it cannot be reached. */
let stored: Run[] | null = []
let runs: Runs

function answer(path: string): unknown {
  if (path.endsWith("/remote")) return { languages: ["go"] }
  if (path.endsWith("/tests")) return { tests: [TEST], isStaff: true }
  if (stored === null) throw new Error("away")
  if (path.endsWith("/runs")) return { runs: [...stored].reverse(), next: null }
  const copy = stored.find(({ number }) => path.endsWith(`/runs/${number}`))
  if (!copy) throw new ApiError(404, "not_found", "gone")
  return { run: copy }
}

const TEST = {
  id: "t",
  kind: "case",
  name: "one",
  root: "code",
  input: "",
  expected: "",
  source: "",
  isHidden: false,
}
const shownText = () => runs.shown.value?.pieces.map(({ text }) => text).join("")

beforeEach(async () => {
  stored = [run(1, "old secret"), run(2, "a secret")]
  vi.mocked(get).mockImplementation((path) => Promise.resolve().then(() => answer(path)))
  vi.mocked(post).mockResolvedValue({ run: run(2, "a secret"), memoryBytes: null })
  runs = new Runs(
    "s",
    "a",
    () => undefined,
    () => Promise.resolve(7),
  )
  await runs.start(task)
  expect(shownText()).toBe("a secret")
})

it("removes the output of the user's own run after a redaction of it, and says so", async () => {
  stored = [run(1, `old ${BLOCKS}`), run(2, `a ${BLOCKS}`)]
  await runs.changed()
  expect(shownText()).toBe("")
  expect(runs.shown.value?.problem).toContain("The history has what is left")
  expect(runs.kept.history.value?.map(({ stdout }) => stdout)).toEqual([
    `a ${BLOCKS}`,
    `old ${BLOCKS}`,
  ])
})

it("still shows the user's own run after a redaction of other runs", async () => {
  stored = [run(1, `old ${BLOCKS}`), run(2, "a secret")]
  await runs.changed()
  expect(shownText()).toBe("a secret")
})

it("removes an output after a redaction if the server cannot say what is left of it", async () => {
  stored = null
  await runs.changed().catch(() => undefined)
  expect(shownText()).toBe("")
})

it("removes an output of which the server has no run only after a redaction", async () => {
  await runs.start({ ...task, language: "html", entry: "main.html" })
  await runs.reconnected()
  expect(runs.shown.value?.page?.entry).toBe("main.html")
  await runs.changed()
  expect(runs.shown.value?.page).toBe(null)
  expect(runs.shown.value?.problem).toContain("Run the program again")
})

it("shows no removed text after a connection was lost during a redaction", async () => {
  await runs.kept.load()
  runs.showRun(run(1, "old secret"))
  const { epoch } = runs.kept
  const before = epoch.value
  stored = [run(1, `old ${BLOCKS}`), run(2, `a ${BLOCKS}`)]
  await runs.reconnected()
  expect(shownText()).toBe(`old ${BLOCKS}`)
  runs.showOwn()
  expect(shownText()).toBe("")
  expect(epoch.value).toBeGreaterThan(before)
  await runs.kept.load()
  expect(runs.kept.history.value?.some(({ stdout }) => stdout.includes("secret"))).toBe(false)
})

it("shows no run from before a lost connection if the server does not answer", async () => {
  runs.showRun(run(1, "old secret"))
  stored = null
  await runs.reconnected()
  await runs.kept.load().catch(() => undefined)
  expect(runs.kept.history.value).toBe(null)
  expect(shownText()).toBe("a secret")
})

it("keeps what it shows after a lost connection without a redaction", async () => {
  runs.showRun(run(1, "old secret"))
  await runs.reconnected()
  expect(shownText()).toBe("old secret")
  runs.showOwn()
  expect(shownText()).toBe("a secret")
})

it("reads no runs after a lost connection if it has read none before", async () => {
  const fresh = new Runs(
    "s",
    "a",
    () => undefined,
    () => Promise.resolve(7),
  )
  vi.mocked(get).mockClear()
  await fresh.reconnected()
  expect(get).not.toHaveBeenCalled()
})

it.each([true, false])("removes results of tests with a removed text (%s)", async (isRedacted) => {
  const tests = new Tests("s")
  await tests.load()
  const results = (actual: string) => ({
    ...run(3, ""),
    tests: [{ name: "one", passed: false, expected: "", actual }],
  })
  vi.mocked(post).mockResolvedValueOnce({ run: results("secret\n") })
  await tests.run(() => ({ language: "python", files: {}, entry: "main.py", limitMs: 1 }))
  stored = [results("secret\n")]
  await tests.checkResults(runs.kept, isRedacted)
  expect(tests.results.value).not.toBe(null)
  stored = [results(`${BLOCKS}\n`)]
  runs.kept.expire()
  await tests.checkResults(runs.kept, isRedacted)
  expect(tests.results.value).toBe(null)
})
