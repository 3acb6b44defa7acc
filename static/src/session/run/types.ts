// A run as the server keeps it: what a browser has reported.
import type { Outcome } from "../../run/protocol"

export interface Run {
  number: number
  user: { id: string; username: string }
  root: string
  name: string
  language: string
  stdin: string
  stdout: string
  stderr: string
  exit: number | null
  outcome: Outcome
  ms: number
  isCut: boolean
  at: string
}

/** Who may run programs of a session. */
export type RunsOption = "nobody" | "editors" | "all"

/** What the browser that runs a program tells the others meanwhile. */
export interface RunPresence {
  root: string
  language: string
  state: "running" | Outcome
  /** Unix milliseconds */
  since: number
  /** the last characters of the output */
  tail: string
}
