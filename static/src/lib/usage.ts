// What a user's sessions take of what they may, in words. Knows no screen.
import type { Usage } from "../types"

/** From this share of a limit on, people are warned. */
export const NEARLY = 0.9

const number = (amount: number) => amount.toLocaleString("en")

/** "34 of 2,000 sessions" */
export const sessionsOf = ({ sessions, maxSessions }: Usage) =>
  `${number(sessions)} of ${number(maxSessions)} ${maxSessions === 1 ? "session" : "sessions"}`

/** Whether something is refused now. */
export const isFull = ({ bytes, maxBytes, sessions, maxSessions }: Usage) =>
  bytes >= maxBytes || sessions >= maxSessions

/** What is refused now, or what will be soon; "" where there is enough room. */
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
