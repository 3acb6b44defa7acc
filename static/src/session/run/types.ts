// What the browser that runs a program tells the others meanwhile.
import type { Outcome } from "../../types"

export interface RunPresence {
  root: string
  language: string
  state: "running" | Outcome
  /** Unix milliseconds */
  since: number
  /** the last characters of the output */
  tail: string
}
