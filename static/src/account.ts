// The signed-in user, and how their login is kept alive.
import { signal } from "@preact/signals"
import {
  ApiError,
  del,
  get,
  isAway,
  mayBeSignedIn,
  noteRefreshed,
  post,
  refresh,
  refreshedAt,
  words,
} from "./api"
import { forgetLinks } from "./lib/links"
import { meanwhile } from "./lib/patience"
import { go } from "./router"
import { forgetCopies } from "./session/live/kept"
import { forgetSessions } from "./session/live/remembered"
import type { GuestSignedIn, Me } from "./types"
import { tell } from "./ui/announce"

/** The signed-in user. undefined while this is not known yet, null if nobody is signed in. */
export const me = signal<Me | null | undefined>(undefined)

const KNOWN = "me"
const REFRESH_MS = 10 * 60_000
const LOOK_MS = 60_000

export function signedIn(user: Me): void {
  localStorage.setItem("signedIn", "yes")
  noteRefreshed()
  know(user)
}

/** Show a user as signed in, also in a tab that opens without a connection. */
function know(user: Me): void {
  localStorage.setItem(KNOWN, JSON.stringify(user))
  me.value = user
}

/** The name of a guest who has not given one. They can change it on their profile page. */
export const GUEST_NAME = "Guest"

/** Sign in as a new guest, and go to the session that the server has opened for them. */
export async function startAsGuest(): Promise<void> {
  const answer = await post<GuestSignedIn>("/user/guest", { name: GUEST_NAME })
  signedIn(answer.user)
  go(`/s/${answer.sessionId}`)
}

/** Show in all tabs that nobody is signed in, because the login has ended. */
function endLogin(): void {
  localStorage.removeItem("signedIn")
  localStorage.removeItem(KNOWN)
}

/** The user who was signed in when this browser last reached the server. */
function knownUser(): Me | null {
  return JSON.parse(localStorage.getItem(KNOWN) ?? "null") as Me | null
}

/** Show the user's new picture, or none if it is null. */
export function pictureChanged(avatar: string | null): void {
  if (me.value) know({ ...me.value, avatar })
}

/** Ask the server who is signed in, but only if somebody has signed in here before. */
export async function whoAmI(): Promise<void> {
  if (!mayBeSignedIn()) {
    me.value = null
    return
  }
  const showKnown = () => {
    me.value = knownUser() ?? undefined
  }
  try {
    know(await meanwhile(get<Me>("/user/me"), showKnown))
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) endLogin()
    me.value = isAway(error) ? knownUser() : null
  }
}

/** End this login, but not while offline: this browser may have the only copy of typed text. */
export async function signOut(): Promise<void> {
  try {
    await post("/user/logout")
  } catch (error) {
    if (isAway(error)) {
      tell(words(error))
      return
    }
  }
  await forget()
}

/**
 * Delete the account. `choices` are the fields of the API's request. Raises ApiError, for example
 * if the password is wrong.
 */
export async function deleteAccount(choices: Record<string, string>): Promise<void> {
  await del("/user/me", choices)
  await forget()
}

/**
 * Show that nobody is signed in, because a new password has ended all logins. This browser keeps
 * the text that was typed in it.
 */
export function loginEnded(): void {
  endLogin()
  me.value = null
}

/** The login has ended: delete the user's data from this browser. */
async function forget(): Promise<void> {
  endLogin()
  forgetLinks()
  forgetSessions()
  // The next user of this machine must not see the copies of documents in this browser. No text is
  // lost with the copies, because the server has it.
  await forgetCopies()
  me.value = null
  go("/signin")
}

/** Refresh the token well before it expires after 15 minutes. One refresh serves all tabs. */
export function keepSignedIn(): void {
  setInterval(() => {
    // If the clock was set back, the time of the last refresh is in the future.
    const isDue = Math.abs(Date.now() - refreshedAt()) >= REFRESH_MS
    if (me.value && navigator.onLine && isDue) void refresh().catch(() => false)
  }, LOOK_MS)
}
