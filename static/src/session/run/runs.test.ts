// @vitest-environment happy-dom
import { beforeEach, expect, it, vi } from "vitest"
import { get, post } from "../../api"
import type { Run } from "../../types"
import type { Heard } from "./host"
import { Runs } from "./runs"
import type { Task } from "./task"
import { aboutRun, tailOf } from "./words"

vi.mock("../../api", () => ({ ApiError: Error, get: vi.fn(), post: vi.fn(), words: String }))

/** Does what the frame would do, as the tests tell it. A real frame would need a server. */
const frame = vi.hoisted(() => ({
  made: 0,
  isGone: false,
  hear: vi.fn() as (heard: Heard) => void,
  run: vi.fn(),
  stop: vi.fn(),
  close: vi.fn(),
}))
vi.mock("./host", () => ({
  Host: class {
    run = frame.run
    stop = frame.stop
    close = frame.close
    constructor(hear: (heard: Heard) => void) {
      if (frame.isGone) throw new Error("gone")
      frame.made += 1
      frame.hear = hear
    }
  },
}))

const task: Task = {
  root: "code",
  entry: "main.js",
  language: "javascript",
  files: { "main.js": "" },
  stdin: "",
  limitMs: 1000,
  again: null,
}
const storedRun = (number: number, stdout: string): Run => ({
  number,
  user: { id: "b", username: "Bo", avatar: null, guest: false },
  root: "code",
  language: "javascript",
  name: "old.js",
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
const out = (text: string): Heard => ({ is: "output", pieces: [{ to: "out", text }] })
const DONE: Heard = { is: "ended", outcome: "done", exit: 0, ms: 5, isCut: false }
const textOf = (runs: Runs) => runs.shown.value?.pieces.map(({ text }) => text).join("")

const say = vi.fn()
let runs: Runs

beforeEach(() => {
  Object.assign(frame, { made: 0, isGone: false })
  for (const mock of [say, frame.run, frame.stop, frame.close]) mock.mockReset()
  vi.mocked(get).mockReset()
  vi.mocked(post)
    .mockReset()
    .mockResolvedValue({ run: storedRun(9, "new") })
  runs = new Runs("s", "a", say, () => Promise.resolve(7))
})

it("keeps the output of a running program apart from a run that is shown meanwhile", async () => {
  await runs.start(task)
  frame.hear({ is: "started" })
  frame.hear(out("a"))
  runs.showRun(storedRun(1, "old"))
  expect(runs.hidesOwn.value).toBe(true)
  frame.hear(out("b"))
  expect(textOf(runs)).toBe("old")
  runs.showOwn()
  expect(textOf(runs)).toBe("ab")
  runs.showRun(storedRun(1, "old"))
  frame.hear(DONE)
  expect(textOf(runs)).toBe("old")
  await vi.waitFor(() => expect(post).toHaveBeenCalled())
  expect(vi.mocked(post).mock.calls[0]?.[1]).toMatchObject({ name: "main.js", stdout: "ab" })
})

it("reports the log position that the code had when the run began", async () => {
  await runs.start(task)
  frame.hear({ is: "started" })
  frame.hear(DONE)
  await vi.waitFor(() => expect(post).toHaveBeenCalled())
  expect(vi.mocked(post).mock.calls[0]?.[1]).toMatchObject({ sequence: 7 })
  await runs.start({ ...task, again: storedRun(1, "old") })
  expect(runs.shown.value?.again?.number).toBe(1)
  frame.hear({ is: "started" })
  frame.hear(DONE)
  await vi.waitFor(() => expect(post).toHaveBeenCalledTimes(2))
  expect(vi.mocked(post).mock.calls[1]?.[1]).toMatchObject({ sequence: 1 })
})

it("tells other people about a program only while it runs", async () => {
  await runs.start(task)
  frame.hear({ is: "started" })
  expect(say).toHaveBeenLastCalledWith(expect.objectContaining({ state: "running" }))
  frame.hear(DONE)
  expect(say).toHaveBeenLastCalledWith(null)
})

it("shows no removed text any more after a redaction", async () => {
  const page = (stdout: string) => ({
    runs: [storedRun(2, "other"), storedRun(1, stdout)],
    next: null,
  })
  vi.mocked(get).mockResolvedValueOnce(page("a secret"))
  await runs.kept.load()
  runs.showRun(storedRun(1, "a secret"))
  vi.mocked(get).mockResolvedValueOnce(page("a ██████"))
  await runs.changed()
  expect(textOf(runs)).toBe("a ██████")
  expect(runs.kept.history.value?.map(({ stdout }) => stdout)).toEqual(["other", "a ██████"])
})

/** Answer the next request when the returned function is called. */
function held(): (answer: unknown) => void {
  let give: (answer: unknown) => void = () => undefined
  vi.mocked(get).mockReturnValueOnce(new Promise((answer) => (give = answer)))
  return (answer) => give(answer)
}

it("takes no answer to a request that was sent before a redaction", async () => {
  const page = (stdout: string) => ({ runs: [storedRun(1, stdout)], next: null })
  runs.showRun(storedRun(1, "a secret"))
  const [first, run] = [held(), held()]
  const asked = [runs.kept.load(), runs.noted(2)]
  vi.mocked(get).mockImplementation((path) =>
    Promise.resolve(path.endsWith("/2") ? { run: storedRun(2, "██████") } : page("a ██████")),
  )
  await runs.changed()
  first(page("a secret"))
  run({ run: storedRun(2, "secret") })
  await Promise.all(asked)
  expect(runs.kept.history.value?.map(({ stdout }) => stdout)).toEqual(["██████", "a ██████"])
  expect(textOf(runs)).toBe("██████")
})

it("shows the run of now after two redactions, one right after the other", async () => {
  runs.showRun(storedRun(1, "a secret word"))
  const first = held()
  const earlier = runs.changed()
  vi.mocked(get).mockResolvedValue({ runs: [storedRun(1, "a ██████ ████")], next: null })
  await runs.changed()
  first({ runs: [storedRun(1, "a ██████ word")], next: null })
  await earlier
  expect(textOf(runs)).toBe("a ██████ ████")
})

it("hides no program that was started while runs were read again", async () => {
  runs.showRun(storedRun(1, "old"))
  const first = held()
  const changed = runs.changed()
  await runs.start(task)
  first({ runs: [storedRun(1, "old")], next: null })
  await changed
  expect(runs.hidesOwn.value).toBe(false)
})

it("reads no runs after a redaction if the page shows none", async () => {
  await runs.changed()
  expect(get).not.toHaveBeenCalled()
})

it("shows no runs after a redaction if they cannot be read, and says why", async () => {
  runs.showRun(storedRun(1, "a secret"))
  vi.mocked(get).mockRejectedValueOnce("away")
  await expect(runs.changed()).rejects.toBe("away")
  expect(runs.shown.value).toBe(null)
  expect(runs.kept.history.value).toBe(null)
  expect(runs.kept.problem.value).toBe("away")
})

it("opens no earlier run after a redaction if the output shows another one", async () => {
  runs.showRun(storedRun(1, "old"))
  runs.showOwn()
  vi.mocked(get).mockResolvedValueOnce({ runs: [storedRun(1, "old")], next: null })
  await runs.changed()
  expect(runs.shown.value).toBe(null)
})

it("can run again after its part of the app could not be loaded", async () => {
  frame.isGone = true
  sessionStorage.setItem("reloadedAt", String(Date.now()))
  await runs.start(task)
  expect(runs.phase.value).toBe("idle")
  expect(runs.shown.value?.problem).toContain("could not be loaded")
  frame.isGone = false
  await runs.start(task)
  expect(frame.run).toHaveBeenCalledTimes(1)
})

it("makes no frame after the user left the page or stopped the run", async () => {
  const stopped = runs.start(task)
  runs.stop()
  await stopped
  expect(runs.shown.value?.ending?.outcome).toBe("stopped")
  const left = runs.start(task)
  runs.destroy()
  await left
  expect(frame.made).toBe(0)
})

it("gives up a frame that fails after its run was stopped", async () => {
  await runs.start(task)
  frame.hear({ is: "ended", outcome: "stopped", exit: null, ms: 0, isCut: false })
  frame.hear({ is: "broken", message: "late" })
  expect(frame.close).toHaveBeenCalledTimes(1)
  expect(runs.shown.value?.problem).toBe("")
  await runs.start(task)
  expect(frame.made).toBe(2)
})

it("offers older runs, even if it knew a run before it read the first page", async () => {
  vi.mocked(get).mockResolvedValueOnce({ run: storedRun(7, "new") })
  await runs.noted(7)
  expect(textOf(runs)).toBe("new")
  vi.mocked(get).mockResolvedValueOnce({ runs: [storedRun(7, "new"), storedRun(6, "")], next: 6 })
  await runs.kept.load()
  expect(runs.kept.older.value).toBe(6)
  expect(runs.kept.history.value?.map((run) => run.number)).toEqual([7, 6])
})

it("still shows the user's page when somebody else runs a program", async () => {
  await runs.start({ ...task, language: "html", entry: "main.html" })
  vi.mocked(get).mockResolvedValueOnce({ run: storedRun(7, "new") })
  await runs.noted(7)
  expect(runs.shown.value?.name).toBe("main.html")
})

it.each(["x", "é", "\u0000", "🙂"])("bounds the tail %j by its bytes", (letter) => {
  const tail = tailOf([{ to: "out", text: letter.repeat(5000) }])
  expect(tail.length).toBeGreaterThan(100)
  expect(tail.length).toBeLessThanOrEqual(1000)
  expect(new TextEncoder().encode(JSON.stringify(tail)).length).toBeLessThanOrEqual(1502)
})

it("says which file or tests ran, and how the run ended", () => {
  const run = { ...storedRun(7, ""), name: "main.js", outcome: "failed" as const, exit: 1, ms: 80 }
  const tests = [
    { name: "one", passed: true },
    { name: "two", passed: false },
  ]

  expect(aboutRun(run)).toEqual({ what: "main.js", end: "Failed in 80 ms, exit code 1" })
  expect(aboutRun({ ...run, tests })).toEqual({ what: "tests of main.js", end: "1 of 2 passed" })
})
