// The run that the output shows: a run of this browser, or a kept one.
import type { Ending, Piece, Preview } from "../../run/protocol"
import type { Run } from "../../types"
import { piecesOf } from "./words"

/** The data of a shown run. */
export interface Shown {
  name: string
  /** the user who ran it, if it did not run in this browser */
  by: string
  /** the kept run whose code was run again; null for any other run */
  again: Run | null
  pieces: Piece[]
  pictures: string[]
  ending: Ending | null
  /** whether a service ran it, and not this browser */
  isRemote: boolean
  /** why it could not run; "" if it could */
  problem: string
  /** the page of an HTML file; null for programs */
  page: Preview | null
  /** a different number for each run, so that each page gets a new frame */
  number: number
  /** the number of the kept run; 0 for a run of this page */
  kept: number
  /** the server's copy of a run of this page, as it was when the server got it; null if none */
  reported: Run | null
}

let number = 0

export const fresh = (name: string): Shown => ({
  name,
  number: ++number,
  by: "",
  again: null,
  isRemote: false,
  pieces: [],
  pictures: [],
  ending: null,
  problem: "",
  page: null,
  kept: 0,
  reported: null,
})

/** A kept run, as this user sees it. */
export const ofKept = (run: Run, myId: string): Shown => ({
  ...fresh(run.name),
  kept: run.number,
  by: run.user.id === myId ? "" : run.user.username,
  pieces: piecesOf(run),
  ending: { outcome: run.outcome, exit: run.exit, ms: run.ms, isCut: run.isCut },
})

/** Whether the shown run has a page or pictures: no history has them, so they would be lost. */
export const isOnlyHere = (shown: Shown | null): boolean =>
  shown !== null && (shown.page !== null || shown.pictures.length > 0)

/** Join two outputs, with as few pieces as possible. */
export function joined(before: readonly Piece[], more: readonly Piece[]): Piece[] {
  const all = [...before]
  for (const piece of more) {
    const last = all.at(-1)
    if (last?.to === piece.to) all[all.length - 1] = { to: last.to, text: last.text + piece.text }
    else all.push(piece)
  }
  return all
}
