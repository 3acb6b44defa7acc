// Messages above the text that users need before they type, for example that the session is
// read-only or that the connection is lost.
import { ApiError } from "../api"
import { MAIN_ROOT } from "../lib/files"
import { lasting } from "../lib/times"
import { withNext } from "../router"
import type { Session } from "../types"
import type { Participant } from "./live/collab"
import { baseOf } from "./files/names"
import { HalfFull } from "./fullness"
import type { LiveSession } from "./live/live"
import type { Remedy, Trouble } from "./live/trouble"
import { KeepText } from "./keep"
import type { View } from "./view"

function Watching({ session }: { session: Session }) {
  if (session.status === "ended")
    return (
      <p class="banner" role="status">
        This session has ended. You can read and replay it.
      </p>
    )
  if (session.role !== "viewer") return null
  return (
    <p class="banner info" role="status">
      View only. You can read, chat and follow others.
    </p>
  )
}

const KEPT = "What you type stays in this browser until it is back."

/** Advice by remedy: where the typed text is, and the user's next step. */
const ADVICE: Record<Remedy, string> = {
  later: KEPT,
  large:
    "Undo your last edit, or take something out: then your text is sent again by itself. Until then it stays in this browser.",
  blocked: "Others do not see what you type, and you do not see theirs.",
  unreachable: KEPT,
  signIn: "What you typed stays in this browser.",
  unreadable: "What you typed is still here: copy it before you leave the page.",
  final: "",
}

interface TroubleProps {
  trouble: Trouble
  session: Session
  live: LiveSession
  view: View
}

function TroubleBanner({ trouble, session, live, view }: TroubleProps) {
  const { collab } = live
  if (collab.bringing.value === "busy")
    return (
      <div class="banner" role="alert">
        The server did not take your last edits as they were. Your text is being sent again as new
        edits…
      </div>
    )
  const isReady = collab.ready.value
  const isGone = trouble.remedy === "final"
  const shown = live.files.value.find((file) => file.root === view.root && file.isText)
  const { root, name } = shown ?? { root: MAIN_ROOT, name: "main.txt" }
  const canKeep =
    isReady && session.role !== "viewer" && (trouble.remedy !== "later" || trouble.canBring)
  return (
    <div class={isGone ? "banner gone" : "banner"} role="alert">
      {trouble.message} {isReady ? session.role !== "viewer" && ADVICE[trouble.remedy] : READABLE}{" "}
      {trouble.remedy === "signIn" && <a href={withNext("/signin")}>Sign in again</a>}
      {isGone && <a href="/">Back to your sessions</a>}
      {trouble.remedy === "large" && (
        <button type="button" class="link" onClick={collab.retry}>
          Try again
        </button>
      )}
      {trouble.canBring && isReady && session.role !== "viewer" && (
        <button type="button" class="link" onClick={() => void collab.bring()}>
          Send my text as new edits
        </button>
      )}
      {collab.bringing.value === "failed" && " That did not work."}
      {trouble.hasVersions && <a href={`/s/${session.id}/versions`}>Saved versions</a>}
      {canKeep && <KeepText text={() => collab.doc.getText(root).toJSON()} name={baseOf(name)} />}
    </div>
  )
}

const READABLE = "Until there is a connection the text can only be read."

const isUnreadable = (problem: unknown) =>
  problem instanceof ApiError && problem.code === "text_unavailable"

interface Props {
  session: Session
  live: LiveSession
  view: View
  followed: Participant | undefined
  onChanged: () => void
}

export function Banners({ session, live, view, followed, onChanged }: Props) {
  const trouble = live.collab.trouble.value
  return (
    <>
      {trouble && <TroubleBanner trouble={trouble} session={session} live={live} view={view} />}
      {!trouble && !live.collab.ready.value && live.preview.value && (
        <p class="banner" role="status">
          Connecting… {READABLE}
        </p>
      )}
      {!trouble && live.collab.isSlow.value && (
        <p class="banner" role="status">
          The server is slow to save what you typed, as it does with large or very many edits. You
          can type on: your text stays in this browser until it is saved.
          {live.behindS.value > 0 &&
            ` Your last edits cost much work: about ${lasting(live.behindS.value)} of it.`}
        </p>
      )}
      {!trouble && isUnreadable(live.problem.value) && (
        <p class="banner" role="status">
          The server cannot read the text of this session. You can type on, and everything is saved;
          but versions, authors, replay and exports do not have the newest text. Keep a copy of your
          own of what matters.
        </p>
      )}
      {!trouble && <HalfFull session={session} onChanged={onChanged} />}
      <Watching session={session} />
      {followed && (
        <p class="banner info">
          Following {followed.name}.{" "}
          <button type="button" class="link" onClick={() => view.follow(null)}>
            Stop
          </button>
        </p>
      )}
    </>
  )
}
