// A program that a user starts, and how far it is.
import type { Program } from "../../run/protocol"
import type { Run } from "../../types"

export type Phase = "idle" | "loading" | "running"

/** A program of the session, with the root of its file. */
export interface Task extends Program {
  root: string
  /** the kept run whose code is run again; null for the present code */
  again: Run | null
}
