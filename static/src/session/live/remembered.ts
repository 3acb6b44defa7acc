// Remembers the server's descriptions of sessions that this browser has opened. So the sessions
// also open without the server. Their texts are in the browser's database (kept.ts).
import type { Session } from "../../types"

const KEY = "sessions"
/** The most sessions that are remembered. Each takes up to a few kilobytes. */
const MOST = 20

interface Remembered {
  userId: string
  session: Session
}

const read = () => JSON.parse(localStorage.getItem(KEY) ?? "[]") as Remembered[]

/**
 * Remember a session as this user sees it, and forget the sessions of an earlier user of this
 * browser. Their login may have ended without signing out.
 */
export function rememberSession(userId: string, session: Session): void {
  const others = read().filter(
    (entry) => entry.userId === userId && entry.session.id !== session.id,
  )
  const all = [{ userId, session }, ...others].slice(0, MOST)
  try {
    localStorage.setItem(KEY, JSON.stringify(all))
  } catch {
    // the browser's storage is full: then this session does not open offline
  }
}

/** The session as the server last described it to this user; null if it never did. */
export function rememberedSession(userId: string, id: string): Session | null {
  const remembered = read().find((entry) => entry.userId === userId && entry.session.id === id)
  return remembered?.session ?? null
}

/** All sessions that the server described to this user, the latest first. */
export const rememberedSessions = (userId: string): Session[] =>
  read()
    .filter((entry) => entry.userId === userId)
    .map((entry) => entry.session)

/** Forget all sessions, because the user has signed out. */
export const forgetSessions = (): void => localStorage.removeItem(KEY)
