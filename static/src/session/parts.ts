// What the parts of an open session's screen get from it.
import type { Session } from "../types"
import type { LiveSession } from "./live/live"
import type { Running } from "./run/running"
import type { View } from "./view"

export interface Parts {
  session: Session
  live: LiveSession
  view: View
  canWrite: boolean
  myId: string
  running: Running
  onChanged: () => void
}
