// Invite links that were made in this browser. The server keeps only their hashes, so it cannot show
// them again.

const KEY = "link:"

/** Keep a link until `forgetLink` removes it or the user signs out. */
export const keepLink = (inviteId: string, url: string) => localStorage.setItem(KEY + inviteId, url)

/** The link of an invite; null if another browser made it. */
export const linkOf = (inviteId: string): string | null => localStorage.getItem(KEY + inviteId)

export const forgetLink = (inviteId: string) => localStorage.removeItem(KEY + inviteId)

export function forgetLinks(): void {
  for (const key of Object.keys(localStorage)) if (key.startsWith(KEY)) localStorage.removeItem(key)
}
