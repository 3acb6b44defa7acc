// Invite links that were made in this tab. The server keeps only their hashes, so it cannot show
// them again.

const KEY = "link:"

/** Keep a link until the tab is closed or the person signs out. */
export const keepLink = (inviteId: string, url: string) =>
  sessionStorage.setItem(KEY + inviteId, url)

/** The link of an invite; null if another tab made it. */
export const linkOf = (inviteId: string): string | null => sessionStorage.getItem(KEY + inviteId)

export function forgetLinks(): void {
  for (const key of Object.keys(sessionStorage))
    if (key.startsWith(KEY)) sessionStorage.removeItem(key)
}
