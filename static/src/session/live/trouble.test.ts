import { afterEach, expect, it, vi } from "vitest"
import { CLOSE_CODE } from "../../close_codes"
import { BLOCKED, comesBack, isFinal, probe, troubleOf, UNREACHABLE } from "./trouble"

const limits = import.meta.glob<string>("../../../../crdt/limits.py", {
  query: "?raw",
  import: "default",
  eager: true,
})
const reason = (fields: object) => JSON.stringify({ code: "x", ...fields })
const answered = (status: number, body: string) =>
  vi.stubGlobal("fetch", vi.fn().mockResolvedValue(new Response(body, { status })))

afterEach(() => vi.unstubAllGlobals())

it.each(Object.entries(CLOSE_CODE))(
  "makes a whole sentence for the close code %s, whatever its reason",
  (_name, code) => {
    for (const told of [
      "",
      "x",
      "{",
      "null",
      "3",
      "[]",
      '{"code":"x"}',
      reason({ message: "it is over" }),
    ]) {
      const { message } = troubleOf(code, told)
      expect(message).toMatch(/^[A-Z].*\.$/)
      expect(message).not.toContain("{")
    }
  },
)

it("shows the server's message and what an exceeded limit means, but not the limit's name", () => {
  expect(troubleOf(4529, reason({ message: "Too many connections." }))).toEqual({
    remedy: "later",
    message: "Too many connections.",
  })
  expect(
    troubleOf(4529, reason({ message: "Too many connections.", limit: "connections_per_address" })),
  ).toEqual({
    remedy: "later",
    message: "Too many connections.",
  })
  expect(
    troubleOf(4413, reason({ message: "the text is too long", limit: "max_text_bytes" })),
  ).toEqual({
    remedy: "large",
    message: "This session has as much text as the server allows. The text is too long.",
  })
  expect(
    troubleOf(4413, reason({ message: "too many of them", limit: "constructor" })).message,
  ).toBe("Too many of them.")
})

it("explains every fixed limit of documents, in words that name no setting", () => {
  const source = Object.values(limits).join("")
  const names = [...source.matchAll(/^"""`(\w+)`: /gm)].map((match) => match[1])

  expect(names.length).toBeGreaterThan(4)
  for (const limit of names)
    expect(troubleOf(4413, reason({ message: "x", limit })).message, limit).toMatch(/ .*\. X\.$/)
})

it("explains a limit on the speed of edits", () => {
  const told = reason({ code: "too_fast", message: "This client sent too much for ten seconds." })
  expect(troubleOf(1008, told)).toEqual({
    remedy: "later",
    message: "Your edits came faster than the server takes them.",
  })
})

it("shows the text of a proxy that does not send JSON", () => {
  expect(troubleOf(1001, "going away").message).toBe("Going away.")
})

it("reconnects if the user has nothing to do, also after codes of newer servers", () => {
  expect([1001, 1006, 1008, 1011, 1012, 1013, 4500, 4503, 4529, 4999].every(comesBack)).toBe(true)
  expect([1009, 4400, 4401, 4403, 4404, 4410, 4413, 4499].some(comesBack)).toBe(false)
})

it("lets the user go on typing if the text can still reach the server", () => {
  expect([4413, 1009, 1013, 4529].map((code) => isFinal(troubleOf(code, "")))).toEqual([
    false,
    false,
    false,
    false,
  ])
  expect([4400, 4401, 4403, 4410].map((code) => isFinal(troubleOf(code, "")))).toEqual([
    true,
    true,
    true,
    true,
  ])
  expect(isFinal(null)).toBe(false)
})

it("finds a network that blocks WebSockets, because the server asks for the upgrade", async () => {
  answered(426, "{}")
  expect(await probe("/sync/s")).toEqual(BLOCKED)
})

it("finds a server that cannot be reached", async () => {
  vi.stubGlobal("fetch", vi.fn().mockRejectedValue(new TypeError("Failed to fetch")))
  expect(await probe("/sync/s")).toEqual(UNREACHABLE)
})

it("shows the answer of the server or a proxy", async () => {
  answered(429, reason({ message: "Too many requests. Try again in 3 s." }))
  expect(await probe("/sync/s")).toEqual({
    remedy: "later",
    message: "Too many requests. Try again in 3 s.",
  })
  answered(502, "<h1>Bad gateway</h1>")
  expect(await probe("/sync/s")).toEqual({ remedy: "later", message: "The server answered 502." })
})
