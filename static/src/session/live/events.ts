// Events of a connection, and the people that it shows.
import type { RelativePosition } from "./presence"
import type { Message } from "../../types"

export type Note =
  | { about: "session" }
  | { about: "message"; message: Message }
  | { about: "slowed"; seconds: number }
  | { about: "run"; number: number }
  | { about: "tests" }

/** Callbacks of the code that opened a connection. */
export interface Events {
  connected: () => void
  noted: (note: Note) => void
}

export interface Participant {
  clientId: number
  id: string
  name: string
  color: string
  avatar: string | null
  typing: boolean
  cursor: { anchor: RelativePosition; head: RelativePosition } | null
  /** the open file; undefined for other programs, which do not tell it */
  root: string | undefined
  top: RelativePosition
  /** what the program of this person does, as `presenceOf` reads it */
  run: unknown
}
