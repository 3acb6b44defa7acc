// The events of a connection, and the people whom the connection tells about.
import type { RelativePosition } from "./presence"
import type { Message } from "../../types"

export type Note =
  | { about: "session" }
  | { about: "message"; message: Message }
  | { about: "slowed"; seconds: number }
  | { about: "run"; number: number }
  | { about: "runs" }
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
  /** the root of the person's open file; undefined for other programs, which do not send it */
  root: string | undefined
  top: RelativePosition
  /** the state of this person's running program, which `presenceOf` reads */
  run: unknown
}
