// The dialog to delete a session. The owner opens it from the list of sessions or from the
// session's settings.
import { useId, useState } from "preact/hooks"
import { del, words } from "../../api"
import type { Session } from "../../types"
import { tell } from "../../ui/announce"
import { Dialog } from "../../ui/dialog"
import { Failure } from "../../ui/problem"
import { forgetCopies } from "../live/kept"

interface Props {
  session: Session
  onClose: () => void
  onDeleted: () => void
  /** called after an error, because the shown session may be out of date */
  onFailed: () => void
}

const others = (count: number) => (count === 1 ? "the other member" : `the ${count} other members`)

export function DeleteDialog({ session, onClose, onDeleted, onFailed }: Props) {
  const [isBusy, setIsBusy] = useState(false)
  const [problem, setProblem] = useState("")
  const about = useId()
  const remove = async () => {
    if (isBusy) return
    setIsBusy(true)
    setProblem("")
    try {
      await del(`/session/${session.id}`)
      void forgetCopies(session.id)
      tell(`“${session.title}” is deleted`)
      onDeleted()
    } catch (error) {
      setProblem(words(error))
      setIsBusy(false)
      onFailed()
    }
  }
  const title = (
    <>
      Delete “<bdi>{session.title}</bdi>”?
    </>
  )
  return (
    <Dialog title={title} about={about} onClose={onClose}>
      <p id={about}>
        Its text, its versions and its chat will be gone for good
        {session.memberCount > 1 && `, for you and for ${others(session.memberCount - 1)}`}. Nobody
        can bring them back.
      </p>
      <p>
        If you may need them,{" "}
        <a href={`/code/${session.id}/export`} download>
          download everything as a zip file
        </a>{" "}
        first.
      </p>
      <Failure text={problem} />
      <p class="actions">
        <button type="button" class="danger" aria-disabled={isBusy} onClick={() => void remove()}>
          Delete for good
        </button>
        <button type="button" onClick={onClose}>
          Cancel
        </button>
      </p>
    </Dialog>
  )
}
