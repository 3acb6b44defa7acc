// What one has to know about the session before typing: why it is closed, read-only, or not the whole text.
import type { Session } from "../types"
import type { Collaboration, Participant } from "./live/collab"

function Watching({ session }: { session: Session }) {
  if (session.status === "ended")
    return (
      <p class="banner" role="status">
        This session has ended. You can read and replay it.
      </p>
    )
  if (session.role !== "viewer") return null
  return (
    <p class="banner" role="status">
      You are watching: viewers read, chat and follow.
    </p>
  )
}

interface Props {
  session: Session
  collab: Collaboration
  followed: Participant | undefined
  onUnfollow: () => void
}

export function Banners({ session, collab, followed, onUnfollow }: Props) {
  return (
    <>
      {collab.refused.value && (
        <p class="banner" role="alert">
          {collab.refused.value} <a href="/">Back to your sessions</a>
        </p>
      )}
      {collab.trouble.value && (
        <p class="banner" role="alert">
          {collab.trouble.value} What you type stays in this browser until it is back.{" "}
          <a href={`/s/${session.id}/versions`}>Saved versions</a>
        </p>
      )}
      <Watching session={session} />
      {followed && (
        <p class="banner">
          Following {followed.name}.{" "}
          <button type="button" class="link" onClick={onUnfollow}>
            Stop
          </button>
        </p>
      )}
    </>
  )
}
