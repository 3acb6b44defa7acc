// The console of a program, and the text of the values that it prints.
import type { Piece } from "../protocol"
import type { Output } from "./output"

/** The depth of nested objects that are written out. A deeper object is written as its type. */
const DEPTH = 3
/** The number of items of a list that are written out. The others are only counted. */
const ITEMS = 100
/** The longest text of an object that stays on one line, in characters. */
const LINE = 72

/** Replace the functions of the console. */
export function captureConsole(output: Output): void {
  const print =
    (to: Piece["to"]) =>
    (...values: unknown[]) =>
      output.write(to, `${values.map((value) => textOf(value)).join(" ")}\n`)
  const [out, err] = [print("out"), print("err")]
  const assert = (isTrue?: unknown, ...values: unknown[]) => {
    if (!isTrue) err("Assertion failed", ...values)
  }
  const toOut = { log: out, info: out, debug: out, dir: out, table: out, group: out }
  Object.assign(console, toOut, {
    warn: err,
    error: err,
    trace: err,
    assert,
    groupEnd: () => undefined,
  })
}

/** The text of a value. A string stays as it is; any other value is written as in code. */
export const textOf = (value: unknown): string =>
  typeof value === "string" ? value : inspect(value, 0, [])

function inspect(value: unknown, depth: number, above: object[]): string {
  if (typeof value === "string") return JSON.stringify(value)
  if (typeof value === "bigint") return `${value}n`
  if (typeof value === "function") return `[function ${value.name || "(anonymous)"}]`
  if (typeof value !== "object" || value === null) return String(value)
  if (above.includes(value)) return "[Circular]"
  if (value instanceof Error) return value.stack ?? String(value)
  if (value instanceof Date || value instanceof RegExp) return String(value)
  if (depth >= DEPTH) return Array.isArray(value) ? "[Array]" : `[${nameOf(value) || "Object"}]`
  return inspectParts(value, (part) => inspect(part, depth + 1, [...above, value]))
}

const nameOf = (value: object): string => {
  const { constructor } = value as { constructor?: unknown }
  const name = typeof constructor === "function" ? constructor.name : ""
  return name === "Object" ? "" : name
}

function inspectParts(value: object, part: (value: unknown) => string): string {
  const name = nameOf(value)
  if (Array.isArray(value)) return enclosed("", "[", shortened(value, part), "]")
  if (value instanceof Map) {
    const entry = (value: unknown) => {
      const [key, content] = value as [unknown, unknown]
      return `${part(key)} => ${part(content)}`
    }
    return enclosed(`Map(${value.size}) `, "{", shortened([...value], entry), "}")
  }
  if (value instanceof Set)
    return enclosed(`Set(${value.size}) `, "{", shortened([...value], part), "}")
  if (ArrayBuffer.isView(value) && "length" in value)
    return enclosed(`${name} `, "[", shortened(Array.from(value as Uint8Array), part), "]")
  const fields = Object.entries(value).map(([key, content]) => `${keyOf(key)}: ${part(content)}`)
  return enclosed(name && `${name} `, "{", shortened(fields, String), "}")
}

const keyOf = (key: string) => (/^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key))

function shortened<T>(values: T[], part: (value: T) => string): string[] {
  const shown = Array.from(values.slice(0, ITEMS), part)
  const more = values.length - shown.length
  return more > 0 ? [...shown, `… ${more} more`] : shown
}

function enclosed(name: string, open: string, parts: string[], close: string): string {
  if (parts.length === 0) return `${name}${open}${close}`
  const space = open === "{" ? " " : ""
  const line = `${name}${open}${space}${parts.join(", ")}${space}${close}`
  if (line.length <= LINE && !line.includes("\n")) return line
  const lines = parts.map((part) => `  ${part.replaceAll("\n", "\n  ")}`)
  return `${name}${open}\n${lines.join(",\n")}\n${close}`
}
