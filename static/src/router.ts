// Addresses of the app, without a library: a path, and links that do not load the page again.
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

/** Whether the page on the screen came after another one; asked once for each page. */
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

/** Turn plain clicks on links of this app into `go`. */
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
 * Only paths of this app may be returned to after signing in. Browsers leave tabs and line ends out
 * of addresses.
 */
export const isOwnPath = (text: string | null): text is string =>
  !!text && /^\/(?![/\\])/.test(text) && !/[\t\n\r]/.test(text)

/** The page to show after signing in or up: the one that the person asked for before. */
export function nextPath(): string {
  const asked = new URLSearchParams(query.value).get("next")
  if (isOwnPath(asked)) return asked
  return /^\/sign(in|up)$/.test(path.value) ? "/" : path.value + query.value
}

/**
 * The invite in the address that the person asked for. With it, the server counts a new account by
 * the invite.
 */
export function nextInvite(): { invite?: string } {
  const invite = /^\/join\/([A-Za-z0-9-]{1,64})(?:$|[?#])/.exec(nextPath())?.[1]
  return invite ? { invite } : {}
}

/** The session whose link the person has opened, "" for none. */
export const nextSession = () => /^\/s\/([A-Za-z0-9-]{1,64})(?:$|[/?#])/.exec(nextPath())?.[1] ?? ""

/** The address of a page to sign in or up, which leads back here. */
export const withNext = (to: string) =>
  nextPath() === "/" ? to : `${to}?next=${encodeURIComponent(nextPath())}`
