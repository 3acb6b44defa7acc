// Texts about runs.
import type { Ending, Piece } from "../../run/protocol"
import type { Run } from "../../types"
import type { RunPresence } from "./types"

/** A duration: "80 ms", "1.2 s". */
export const duration = (ms: number) => (ms < 1000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`)

/** How a run has ended: "Done in 80 ms", "Failed in 1.2 s, exit code 1". */
export function endOf({ outcome, exit, ms }: Pick<Ending, "outcome" | "exit" | "ms">): string {
  if (outcome === "done") return `Done in ${duration(ms)}`
  if (outcome === "failed") return `Failed in ${duration(ms)}, exit code ${exit ?? "unknown"}`
  if (outcome === "timeout") return `Stopped at the limit of ${duration(ms)}`
  return `Stopped after ${duration(ms)}`
}

/** The memory of a run: "34 MB of memory". A browser's figure is that of the language, too. */
export const memoryOf = (bytes: number, isRemote: boolean): string =>
  `${Math.max(1, Math.round(bytes / 1e6))} MB of memory${isRemote ? "" : ", with the language"}`

/** How tests have ended: "7 of 9 passed". */
export const passedOf = (tests: readonly { passed: boolean }[]) =>
  `${tests.filter(({ passed }) => passed).length} of ${tests.length} passed`

/** What a kept run ran, and how it has ended: "tests of main.py", "7 of 9 passed". */
export function aboutRun(run: Run): { what: string; end: string } {
  const name = run.name || run.root
  return run.tests.length > 0
    ? { what: `tests of ${name}`, end: passedOf(run.tests) }
    : { what: name, end: endOf(run) }
}

/** The text of one stream of the kept output. The server gets one text for each stream. */
export const textOf = (pieces: readonly Piece[], to: Piece["to"]): string =>
  pieces
    .filter((piece) => piece.to === to)
    .map(({ text }) => text)
    .join("")

/** The output of a kept run. The order between the two streams is not kept. */
export function piecesOf({ stdout, stderr }: Pick<Run, "stdout" | "stderr">): Piece[] {
  const pieces: Piece[] = [
    { to: "out", text: stdout },
    { to: "err", text: stderr },
  ]
  return pieces.filter(({ text }) => text !== "")
}

/** The most characters of the tail that others see. */
const TAIL = 1000
/**
 * The most bytes of the tail in JSON. The server ignores a presence of more than 4,096 bytes, and
 * the presence also has the cursor and the name.
 */
const TAIL_BYTES = 1500

const encoder = new TextEncoder()
const bytesInJson = (text: string) => encoder.encode(JSON.stringify(text)).length - '""'.length

/** The end of an output, short enough for a presence. */
export function tailOf(pieces: readonly Piece[]): string {
  const text = pieces
    .map((piece) => piece.text)
    .join("")
    .slice(-TAIL)
  let from = text.length
  let bytes = 0
  for (const letter of Array.from(text).reverse()) {
    bytes += bytesInJson(letter)
    if (bytes > TAIL_BYTES) break
    from -= letter.length
  }
  return text.slice(from)
}

/** Check a message about another browser's running program; null if no program runs there. */
export function presenceOf(given: unknown): RunPresence | null {
  if (typeof given !== "object" || given === null) return null
  const { root, language, state, since, tail } = given as Partial<
    Record<keyof RunPresence, unknown>
  >
  if (typeof root !== "string" || state !== "running") return null
  return {
    root,
    language: typeof language === "string" ? language : "",
    state,
    since: typeof since === "number" ? since : 0,
    tail: typeof tail === "string" ? tail.slice(-TAIL) : "",
  }
}
