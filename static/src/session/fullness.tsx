// The warning about a document whose size is near its limit, and the owner's button to make it
// smaller.
import { useState } from "preact/hooks"
import { post, words } from "../api"
import type { Compacted, Session } from "../types"
import { tell } from "../ui/announce"

const mebibytes = (bytes: number) => `${(bytes / (1 << 20)).toFixed(1)} MiB`

/** The owner's button. `onDone` is called when the document is smaller. */
function RemoveDeleted({ sessionId, onDone }: { sessionId: string; onDone: () => void }) {
  const [isBusy, setIsBusy] = useState(false)
  const remove = async () => {
    setIsBusy(true)
    try {
      const { before, bytes } = await post<Compacted>(`/session/${sessionId}/compact`)
      tell(
        before > bytes
          ? `Deleted text is removed from the document: it had ${mebibytes(before)} and has ${mebibytes(bytes)}`
          : "There was no deleted text to remove",
      )
      onDone()
    } catch (error) {
      tell(words(error))
    }
    setIsBusy(false)
  }
  return (
    <button type="button" class="link" disabled={isBusy} onClick={() => void remove()}>
      Remove deleted text
    </button>
  )
}

/**
 * A warning before the document is full, which users can hide. It is null while the document is
 * less than half full.
 */
export function HalfFull({ session, onChanged }: { session: Session; onChanged: () => void }) {
  const [isAway, setIsAway] = useState(false)
  const size = session.documentSize
  if (!size?.isHalfFull || isAway || session.role === "viewer") return null
  return (
    <p class="banner" role="status">
      This session has more than half of what it may hold ({mebibytes(size.bytes)} of{" "}
      {mebibytes(size.limit)}). When it is full, nothing can be added. Take out what is not needed,
      or go on in a new session.{" "}
      {session.role === "owner" && <RemoveDeleted sessionId={session.id} onDone={onChanged} />}
      <button type="button" class="link" onClick={() => setIsAway(true)}>
        Hide
      </button>
    </p>
  )
}
