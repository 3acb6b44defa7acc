// What a connection tells the code that opened it.
import type { RelativePosition } from "./presence"
import type { Message } from "../../types"

export type Note =
  | { about: "session" }
  | { about: "message"; message: Message }
  | { about: "slowed"; seconds: number }

/** What a connection tells the code that opened it. */
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
  /** the file that is open; undefined in other programs, which do not say it */
  root: string | undefined
  top: RelativePosition
}
