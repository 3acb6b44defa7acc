// The messages between the app and the isolated frame, and between the frame and its workers.

/** A program to run. */
export interface Program {
  /** an id of `static/src/lib/languages.ts` */
  language: string
  /** the texts of the session by file name */
  files: Record<string, string>
  /** the name of the file to start */
  entry: string
  /** what the program reads from its input */
  stdin: string
  /** milliseconds after which the program is stopped */
  limitMs: number
  /** whether the user may type lines while it runs, after the end of `stdin` */
  canAsk?: boolean
}

/** The message of the app to the page that shows a user's HTML. */
export type Preview = Pick<Program, "files" | "entry">

/**
 * A part of the output, from stdout ("out") or stderr ("err"). The parts are in the order in which
 * the program wrote them.
 */
export interface Piece {
  to: "out" | "err"
  text: string
}

export type Outcome = "done" | "failed" | "stopped" | "timeout"

export interface Ending {
  outcome: Outcome
  /** null if the program was stopped */
  exit: number | null
  ms: number
  isCut: boolean
  /** the most bytes of memory of the program; absent if they are not known */
  memory?: number
}

/**
 * A file below /static/run/ that the frame needs. The app requests it, because only the app's page
 * has a lasting cache.
 */
export interface Wanted {
  path: string
  /** uncompressed; 0 if it is small */
  bytes: number
}

/** A message of the app to the frame. */
export type Order =
  | { do: "run"; program: Program }
  | { do: "stop" }
  | { do: "line"; text: string | null }
  | { do: "file"; path: string; bytes: ArrayBuffer }

/** A message of the frame to the app. */
export type Report =
  | { is: "wanted"; files: Wanted[] }
  | { is: "started" }
  | { is: "input"; isAwaited: boolean }
  | { is: "output"; pieces: Piece[] }
  | { is: "picture"; type: string; bytes: ArrayBuffer }
  | { is: "broken"; message: string }
  | ({ is: "ended" } & Ending)

/** A message of a worker to the frame. */
export type WorkerReport =
  | { is: "ready" }
  | { is: "image"; bytes: ArrayBuffer }
  | { is: "asking" }
  | { is: "output"; pieces: Piece[] }
  | { is: "picture"; type: string; bytes: ArrayBuffer }
  | { is: "broken"; message: string }
  | { is: "ended"; exit: number; ms: number; isCut: boolean; memory?: number }

/**
 * A message of the frame to a worker: first the program, then each line of input; null at the end
 * of the input.
 */
export type WorkerOrder = { do: "run"; program: Program } | { do: "line"; text: string | null }

/** The content of the wanted files, by path. WebAssembly is compiled once, for all workers. */
export type Assets = Record<string, ArrayBuffer | WebAssembly.Module>

/** The first message to a worker. All later ones go through the port. */
export interface Start {
  port: MessagePort
  assets: Assets
  /** whether the worker is to report a copy of its memory, and to run no program */
  isForImage: boolean
}

/** The path of a runtime's image among its assets. It is never requested. */
export const IMAGE = "image"

/** The first message of the frame to the app, which answers with a port. */
export const HELLO = "collab-run-frame"

/** The most bytes of output that a run keeps, in UTF-8, stdout and stderr together. */
export const OUTPUT_BYTES = 64 * 1024
