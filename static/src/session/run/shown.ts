// The run that the output shows: a run of this browser, or a kept one.
import type { Ending, Piece, Preview } from "../../run/protocol"
import type { Run } from "../../types"

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
})

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
