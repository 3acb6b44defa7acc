// Who is signed in, and staying so.
import { signal } from "@preact/signals"
import { ApiError, del, get, mayBeSignedIn, noteRefreshed, post, refresh, refreshedAt } from "./api"
import { forgetLinks } from "./lib/links"
import { go } from "./router"
import { forgetCopies } from "./session/live/kept"
import type { Me } from "./types"
import { tell } from "./ui/announce"

/** undefined while it is not known yet, null for nobody */
export const me = signal<Me | null | undefined>(undefined)

const REFRESH_MS = 10 * 60_000
const LOOK_MS = 60_000

export function signedIn(user: Me): void {
  localStorage.setItem("signedIn", "yes")
  noteRefreshed()
  me.value = user
}

/** The person's picture is another one now; null for none. */
export function pictureChanged(avatar: string | null): void {
  if (me.value) me.value = { ...me.value, avatar }
}

/** Ask the server who this is; only where somebody has signed in before. */
export async function whoAmI(): Promise<void> {
  if (!mayBeSignedIn()) {
    me.value = null
    return
  }
  try {
    me.value = await get<Me>("/user/me")
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) localStorage.removeItem("signedIn")
    me.value = null
  }
}

/** End this login. Not while offline: this browser may have the only copy of what was typed. */
export async function signOut(): Promise<void> {
  try {
    await post("/user/logout")
  } catch (error) {
    if (error instanceof ApiError && error.code === "offline") {
      tell(error.message)
      return
    }
  }
  await forget()
}

/**
 * Delete the account; `choices` are the fields of the API. Raises ApiError if the password is
 * wrong.
 */
export async function deleteAccount(choices: Record<string, string>): Promise<void> {
  await del("/user/me", choices)
  await forget()
}

/** The login has ended: nothing of the person stays in this browser. */
async function forget(): Promise<void> {
  localStorage.removeItem("signedIn")
  forgetLinks()
  // the server has the text that was typed here, and the next person on this machine must not see
  // it
  await forgetCopies()
  me.value = null
  go("/signin")
}

/** Tokens live fifteen minutes: get the next one well before, one for all tabs. */
export function keepSignedIn(): void {
  setInterval(() => {
    // a clock that was set back makes the last time one in the future
    const isDue = Math.abs(Date.now() - refreshedAt()) >= REFRESH_MS
    if (me.value && navigator.onLine && isDue) void refresh().catch(() => false)
  }, LOOK_MS)
}
