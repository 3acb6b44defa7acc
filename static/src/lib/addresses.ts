// Addresses that are screens of this app. Used by the router, and by the development server
// (vite.config.ts).

/**
 * Addresses that the server answers itself. Every other address that a user opens is a screen of
 * the app.
 */
export const SERVED = /^\/(docs|openapi\.json|static|code|features|healthz|run|sw\.js)\b/

/**
 * A web address. Punctuation at its end belongs to the sentence around it, so it does not match.
 */
const WEB = /\bhttps?:\/\/[^\s<>"'`]*[^\s<>"'`.,;:!?)\]}]/gi

/**
 * Split a text at its web addresses. Only http and https become links, so no link can run code.
 */
export function linkedParts(text: string): { text: string; href?: string }[] {
  const parts: { text: string; href?: string }[] = []
  let end = 0
  for (const { 0: found, index } of text.matchAll(WEB)) {
    const closes = found.includes("(") && text[index + found.length] === ")"
    const address = closes ? `${found})` : found
    if (index > end) parts.push({ text: text.slice(end, index) })
    parts.push({ text: address, href: address })
    end = index + address.length
  }
  if (end < text.length) parts.push({ text: text.slice(end) })
  return parts
}

/** Return the app's path for an id, a session's link or an invite's link; null for other text. */
export function whereTo(text: string): string | null {
  const given = text.trim()
  const invite = /\/join\/([^/?#\s]+)/.exec(given)
  if (invite) return `/join/${invite[1]}`
  const id = /\/s\/([A-Za-z0-9-]+)/.exec(given) ?? /^([A-Za-z0-9-]+)$/.exec(given)
  return id ? `/s/${id[1]}` : null
}
