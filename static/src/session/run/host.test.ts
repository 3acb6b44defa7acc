// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, it, vi } from "vitest"
import { Host } from "./host"

let frame: HTMLIFrameElement

beforeEach(() => {
  // the frame stays out of the page: there is no server for its content
  vi.spyOn(document.body, "append").mockImplementation((node) => {
    frame = node as HTMLIFrameElement
  })
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

it("reports the end of a run that is stopped before its frame has sent its first message", () => {
  const hear = vi.fn()
  const host = new Host(hear)
  host.run({ language: "lua", files: {}, entry: "main.lua", stdin: "", limitMs: 1000 })
  host.stop()
  host.stop()
  expect(hear.mock.calls).toEqual([
    [{ is: "ended", outcome: "stopped", exit: null, ms: 0, isCut: false }],
  ])
  host.close()
})

it("follows no redirect when it looks for the server, because the policy forbids that", async () => {
  const answer = vi.fn((_path: string, { redirect }: RequestInit = {}) =>
    redirect === "manual" ? Promise.resolve(new Response()) : Promise.reject(new Error("refused")),
  )
  vi.stubGlobal("fetch", answer)
  const hear = vi.fn()
  const host = new Host(hear)
  frame.dispatchEvent(new Event("load"))
  await Promise.allSettled(answer.mock.results.map(({ value }) => value as Promise<Response>))

  expect(answer).toHaveBeenCalledOnce()
  expect(hear).not.toHaveBeenCalled()
  host.close()
})

it("says that the server is away, but not to the next frame", async () => {
  const fails: (() => void)[] = []
  const request = () => new Promise((_, fail) => fails.push(() => fail(new Error("away"))))
  vi.stubGlobal("fetch", request)
  const [hear, hearOther] = [vi.fn(), vi.fn()]
  const host = new Host(hear)
  frame.dispatchEvent(new Event("load"))
  const other = new Host(hearOther)
  frame.dispatchEvent(new Event("load"))
  host.close()
  for (const fail of fails) fail()
  await vi.waitFor(() => expect(hearOther).toHaveBeenCalledOnce())

  expect(hear).not.toHaveBeenCalled()
  other.close()
})
