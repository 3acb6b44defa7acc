// Information about a session, for people who open its link without being signed in.
import { useEffect, useState } from "preact/hooks"
import { get } from "../api"
import { languageName } from "../lib/languages"
import type { LinkPreview } from "../types"
import { Avatar } from "../ui/avatar"
import { cancellable } from "../ui/cancellable"

function Known({ about }: { about: LinkPreview }) {
  const { session, owner, role } = about
  const does =
    session.status === "ended" ? "read it" : role === "viewer" ? "watch" : "edit with the others"
  return (
    <section class="pitch" aria-label="The session">
      <p class="eyebrow">
        <Avatar person={owner} size={24} /> A session of <bdi>{owner.username}</bdi>
      </p>
      <h1 dir="auto">{session.title}</h1>
      <p>
        {languageName(session.language)}
        {session.status === "ended" && " · ended, read-only"}
      </p>
      <p>Sign in to join, or create an account. Then you can {does}.</p>
    </section>
  )
}

/** For sessions that only members may open. It does not even say whether the session exists. */
function Unknown() {
  return (
    <section class="pitch" aria-label="The session">
      <h1>This link opens a session.</h1>
      <p>Sign in if you are one of its members.</p>
      <p>
        If you are not, ask the person who sent the link for an invite link. You need no account for
        that.
      </p>
    </section>
  )
}

export function Asked({ id }: { id: string }) {
  const [about, setAbout] = useState<LinkPreview | null>()
  useEffect(
    () =>
      cancellable(get<LinkPreview>(`/session/${id}/preview`), setAbout, () => {
        setAbout(null)
      }),
    [id],
  )
  if (about === undefined)
    return (
      <p class="pitch" role="status">
        Loading…
      </p>
    )
  return about ? <Known about={about} /> : <Unknown />
}
