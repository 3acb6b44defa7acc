// Which addresses are screens of this app. Used by the router, and by the server for development (vite.config.ts).

/** The server answers these itself; every other address that a person opens is a screen of the app. */
export const SERVED = /^\/(docs|openapi\.json|static|code|healthz)\b/

/** Take an id, a session's link, or an invite's link. */
export function whereTo(text: string): string | null {
  const given = text.trim()
  const invite = /\/join\/([^/?#\s]+)/.exec(given)
  if (invite) return `/join/${invite[1]}`
  const id = /\/s\/([A-Za-z0-9-]+)/.exec(given) ?? /^([A-Za-z0-9-]+)$/.exec(given)
  return id ? `/s/${id[1]}` : null
}
