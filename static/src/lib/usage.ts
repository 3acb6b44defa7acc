// Texts about the storage and the number of sessions that a user has, compared with their limits.
import type { Usage } from "../types"

/** The app warns users when they have used this share of a limit. */
export const NEARLY = 0.9

const number = (amount: number) => amount.toLocaleString("en")

/** "34 of 2,000 sessions" */
export const sessionsOf = ({ sessions, maxSessions }: Usage) =>
  `${number(sessions)} of ${number(maxSessions)} ${maxSessions === 1 ? "session" : "sessions"}`

/** Whether the user has reached a limit, so that the server refuses requests. */
export const isFull = ({ bytes, maxBytes, sessions, maxSessions }: Usage) =>
  bytes >= maxBytes || sessions >= maxSessions

/** A text about requests that are refused, or soon will be; "" if no limit is near. */
export function warning({ bytes, maxBytes, sessions, maxSessions }: Usage): string {
  if (bytes >= maxBytes)
    return "Your storage is full. You cannot open new sessions, and no versions of your sessions can be saved. If it grows further, nobody can type in your sessions."
  if (sessions >= maxSessions)
    return "You have as many sessions as you may have. You cannot open new ones."
  if (bytes >= maxBytes * NEARLY)
    return "Your storage is nearly full. When it is full, you cannot open new sessions, and no versions of your sessions can be saved."
  if (sessions >= maxSessions * NEARLY)
    return "You have nearly as many sessions as you may have. At the limit you cannot open new ones."
  return ""
}
