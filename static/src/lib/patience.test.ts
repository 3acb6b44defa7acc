// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, it, vi } from "vitest"
import { ApiError, call, get, isAway, post, refresh } from "../api"
import { meanwhile, watch } from "./patience"

/** A server that takes each request, and answers when its test says so. */
let began: { answer: (answer: Response) => void; signal: AbortSignal }[] = []

beforeEach(() => {
  began = []
  vi.useFakeTimers()
  vi.stubGlobal("fetch", (_path: string, { signal }: { signal: AbortSignal }) => {
    return new Promise<Response>((answer, fail) => {
      began.push({ answer, signal })
      signal.addEventListener("abort", () => fail(new DOMException("ended", "AbortError")))
    })
  })
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

interface Asked {
  error: ApiError | null
}

/** Note the error of a request, which is null until it has one. */
function noted(promise: Promise<unknown>): Asked {
  const asked: Asked = { error: null }
  promise.catch((error: unknown) => (asked.error = error as ApiError))
  return asked
}

/** Return what has come of a request after some time. */
async function after(ms: number, asked: Asked): Promise<string> {
  await vi.advanceTimersByTimeAsync(ms)
  return asked.error?.message ?? "open"
}

it.each([
  ["a request that reads", () => get("/a"), 20_000, /does not answer. Try again/],
  ["a change", () => post("/a", {}), 60_000, /See whether the change was made/],
  ["a refresh", () => refresh(), 15_000, /does not answer. Try again/],
])("ends %s that nobody answers", async (_, ask, limitMs, text) => {
  const problem = noted(ask())
  expect(await after(limitMs - 1000, problem)).toBe("open")
  expect(await after(2000, problem)).toMatch(text)
  expect(isAway(problem.error)).toBe(true)
})

it("waits longer for a large body, and for what its user can stop", async () => {
  const form = new FormData()
  form.append("file", new File(["x".repeat(800_000)], "big"))
  const upload = noted(call("POST", "/a", form))
  const run = noted(post("/a", {}, new AbortController().signal))
  expect(await after(150_000, upload)).toBe("open")
  expect(await after(20_000, upload)).toMatch(/not answered in time/)
  expect(await after(0, run)).toBe("open")
})

it("ends an answer that stands still in the middle, but not one that is slow", async () => {
  const problem = noted(get("/a"))
  let body: ReadableStreamDefaultController<Uint8Array> | undefined
  const parts = new ReadableStream<Uint8Array>({ start: (made) => void (body = made) })
  began[0]?.signal.addEventListener("abort", () => body?.error(new Error("ended")))
  began[0]?.answer(new Response(parts))
  for (const part of ["[1", ",2"]) {
    body?.enqueue(new TextEncoder().encode(part))
    expect(await after(14_000, problem)).toBe("open")
  }
  expect(await after(16_000, problem)).toMatch(/does not answer/)
})

it("ends a request whose user has stopped it", async () => {
  const stop = new AbortController()
  const problem = noted(post("/a", {}, stop.signal))
  stop.abort()
  expect(await after(0, problem)).toMatch(/cannot be reached/)
})

it("shows what the browser has only while an answer takes long", async () => {
  const show = vi.fn()
  await meanwhile(Promise.resolve(1), show)
  await vi.advanceTimersByTimeAsync(10_000)
  expect(show).not.toHaveBeenCalled()
  let answer: (value: number) => void = () => undefined
  const slow = meanwhile(new Promise<number>((go) => (answer = go)), show)
  await vi.advanceTimersByTimeAsync(10_000)
  expect(show).toHaveBeenCalledOnce()
  answer(2)
  expect(await slow).toBe(2)
})

it("counts from the last beat", () => {
  const failed = vi.fn()
  const { beat, end } = watch(failed)
  vi.advanceTimersByTime(14_000)
  beat()
  vi.advanceTimersByTime(14_000)
  expect(failed).not.toHaveBeenCalled()
  end()
  vi.advanceTimersByTime(60_000)
  expect(failed).not.toHaveBeenCalled()
})
