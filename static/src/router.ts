// The app's router, without a library: the current path, and links that do not reload the page.
import { signal } from "@preact/signals"
import { SERVED } from "./lib/addresses"

export const path = signal(location.pathname)
export const query = signal(location.search)

const sync = () => {
  path.value = location.pathname
  query.value = location.search
}
addEventListener("popstate", () => {
  isNewPage = true
  sync()
})

/** Whether the current page came after another one. `wasOpened` says so once for each page. */
let isNewPage = false
export function wasOpened(): boolean {
  const was = isNewPage
  isNewPage = false
  return was
}

export function go(to: string, replace = false): void {
  if (replace) history.replaceState(null, "", to)
  else history.pushState(null, "", to)
  isNewPage = true
  sync()
  scrollTo(0, 0)
}

/** Handle plain clicks on links of this app with `go`. */
export function followLinks(): void {
  document.addEventListener("click", (event) => {
    const link =
      event.target instanceof Element ? event.target.closest<HTMLAnchorElement>("a[href]") : null
    const isPlain =
      event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey
    if (
      !link ||
      !isPlain ||
      event.defaultPrevented ||
      link.target ||
      link.origin !== location.origin
    )
      return
    if (SERVED.test(link.pathname) || link.hasAttribute("download")) return
    if (link.hash && link.pathname === location.pathname) return
    event.preventDefault()
    go(link.pathname + link.search)
  })
}

/**
 * Whether a text is a path of this app, so that the app may open it after signing in. A text with a
 * tab or a line end is none, because browsers ignore these characters in addresses.
 */
export const isOwnPath = (text: string | null): text is string =>
  !!text && /^\/(?![/\\])/.test(text) && !/[\t\n\r]/.test(text)

/** The page to show after signing in or up: the one that the user asked for before. */
export function nextPath(): string {
  const asked = new URLSearchParams(query.value).get("next")
  if (isOwnPath(asked)) return asked
  return /^\/(sign(in|up)|forgot|reset)$/.test(path.value) ? "/" : path.value + query.value
}

/**
 * The invite in the address that the user asked for. The server counts a sign-up with an invite
 * against the invite's limits.
 */
export function nextInvite(): { invite?: string } {
  const invite = /^\/join\/([A-Za-z0-9-]{1,64})(?:$|[?#])/.exec(nextPath())?.[1]
  return invite ? { invite } : {}
}

/** The id of the session whose link the user has opened, or "". */
export const nextSession = () => /^\/s\/([A-Za-z0-9-]{1,64})(?:$|[/?#])/.exec(nextPath())?.[1] ?? ""

/** The address of a page to sign in or up that leads back to the current page. */
export const withNext = (to: string) =>
  nextPath() === "/" ? to : `${to}?next=${encodeURIComponent(nextPath())}`
