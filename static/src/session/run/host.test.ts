// @vitest-environment happy-dom
import { expect, it, vi } from "vitest"
import { Host } from "./host"

it("reports the end of a run that is stopped before its frame has sent its first message", () => {
  // the frame stays out of the page: there is no server for its content
  vi.spyOn(document.body, "append").mockImplementation(() => undefined)
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
