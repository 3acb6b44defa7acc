// Checks messages from the frame, because a program could have made them.
import {
  OUTPUT_BYTES,
  type Ending,
  type Outcome,
  type Piece,
  type Report,
} from "../../run/protocol"

export type FrameReport = Exclude<Report, { is: "wanted" }>

const OUTCOMES: readonly Outcome[] = ["done", "failed", "stopped", "timeout"]
const PICTURES = ["image/png", "image/svg+xml"]
const MESSAGE_LENGTH = 1000

type Fields = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Fields => typeof value === "object" && value !== null
const isCount = (value: unknown): value is number =>
  typeof value === "number" && Number.isFinite(value) && value >= 0

const isPiece = (value: unknown): value is Piece =>
  isObject(value) &&
  (value.to === "out" || value.to === "err") &&
  typeof value.text === "string" &&
  value.text.length <= OUTPUT_BYTES

function ending({ outcome, exit, ms, isCut, memory }: Fields): Ending | null {
  const known = OUTCOMES.find((word) => word === outcome)
  if (!known || !isCount(ms) || typeof isCut !== "boolean") return null
  const code = typeof exit === "number" ? Math.trunc(exit) : null
  return { outcome: known, exit: code, ms, isCut, ...(isCount(memory) ? { memory } : {}) }
}

function wanted(files: unknown): Report | null {
  if (!Array.isArray(files)) return null
  const known = files
    .filter(isObject)
    .flatMap(({ path, bytes }) =>
      typeof path === "string" && isCount(bytes) ? [{ path, bytes }] : [],
    )
  return { is: "wanted", files: known }
}

/** Return a new report with only the checked fields; null if the value is not a report. */
export function checkedReport(given: unknown): Report | null {
  if (!isObject(given)) return null
  const { is, pieces, type, bytes, message, files, isAwaited } = given
  if (is === "started") return { is }
  if (is === "input") return { is, isAwaited: isAwaited === true }
  if (is === "wanted") return wanted(files)
  if (is === "output" && Array.isArray(pieces)) return { is, pieces: pieces.filter(isPiece) }
  if (is === "picture" && typeof type === "string" && bytes instanceof ArrayBuffer)
    return PICTURES.includes(type) ? { is, type, bytes } : null
  if (is === "broken") return { is, message: String(message).slice(0, MESSAGE_LENGTH) }
  if (is !== "ended") return null
  const checked = ending(given)
  return checked && { is, ...checked }
}
