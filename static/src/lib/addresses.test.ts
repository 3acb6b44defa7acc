import { expect, it } from "vitest"
import { linkedParts, SERVED, whereTo } from "./addresses"

it.each([
  ["abc-123", "/s/abc-123"],
  ["  abc  ", "/s/abc"],
  ["https://localhost/s/abc", "/s/abc"],
  ["https://localhost/s/abc/versions?x=1", "/s/abc"],
  ["https://localhost/join/t0ken_-?utm=1#x", "/join/t0ken_-"],
  ["/join/first then /s/second", "/join/first"],
  ["not an id", null],
  ["", null],
  ["../user/me", null],
])("leads from %j to %j", (text, address) => {
  expect(whereTo(text)).toBe(address)
})

it.each(["/docs", "/openapi.json", "/static/icon.svg", "/code/abc/export", "/healthz"])(
  "leaves %s to the server",
  (address) => {
    expect(address).toMatch(SERVED)
  },
)

it.each(["/", "/s/abc", "/developers", "/documents"])("has a screen for %s", (address) => {
  expect(address).not.toMatch(SERVED)
})

const HOST = "http://localhost"

it.each([
  ["no address", ["no address"], []],
  [`see ${HOST}/a?b=1#c.`, ["see ", `${HOST}/a?b=1#c`, "."], [`${HOST}/a?b=1#c`]],
  [
    `(${HOST}/a) and ${HOST}/a_(b), too`,
    ["(", `${HOST}/a`, ") and ", `${HOST}/a_(b)`, ", too"],
    [`${HOST}/a`, `${HOST}/a_(b)`],
  ],
  [
    "javascript:alert(1) data:text/html,x //localhost/a",
    ["javascript:alert(1) data:text/html,x //localhost/a"],
    [],
  ],
  [`xhttp://localhost "${HOST}/"`, [`xhttp://localhost "`, `${HOST}/`, `"`], [`${HOST}/`]],
  ["", [], []],
])("finds the addresses of %j", (text, parts, links) => {
  const linked = linkedParts(text)
  expect(linked.map((part) => part.text)).toEqual(parts)
  expect(linked.flatMap(({ href }) => href ?? [])).toEqual(links)
})
