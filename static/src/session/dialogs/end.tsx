// Ending a session, or opening it again. Only its owner can do this.
import { useState } from "preact/hooks"
import { patch, words } from "../../api"
import type { ChangedSession, Session } from "../../types"
import { Dialog } from "../../ui/dialog"
import { Failure } from "../../ui/problem"

interface Props {
  session: Session
  onClose: () => void
  onChanged: () => void
}

/** The effect of the dialog's button, and the texts of the dialog. */
const CHANGES = {
  open: {
    title: "End this session?",
    about:
      "Nobody can type or chat any more. Everybody can still read, replay and export it. You can open it again later.",
    label: "End session",
    kind: "danger",
    next: "ended",
  },
  ended: {
    title: "Open this session again?",
    about: "Editors can type and chat again. Links that have not expired let people in to type.",
    label: "Open the session again",
    kind: "primary",
    next: "open",
  },
}

export function EndDialog({ session, onClose, onChanged }: Props) {
  const [problem, setProblem] = useState("")
  // The dialog must not change when the session's status changes while the dialog is open.
  const [change] = useState(CHANGES[session.status])
  const [isDone, setIsDone] = useState(false)
  const act = async () => {
    if (isDone) return
    try {
      const { finalProblem } = await patch<ChangedSession>(`/session/${session.id}`, {
        status: change.next,
      })
      setIsDone(true)
      onChanged()
      if (!finalProblem) onClose()
      else
        setProblem(
          `The session has ended. ${finalProblem} The text is still here: export it, or open the session again and end it later.`,
        )
    } catch (error) {
      setProblem(words(error))
    }
  }
  return (
    <Dialog title={change.title} about="end-about" onClose={onClose}>
      <p id="end-about">{change.about}</p>
      <Failure text={problem} />
      <p class="actions">
        {!isDone && (
          <button type="button" class={change.kind} onClick={() => void act()}>
            {change.label}
          </button>
        )}
        <button type="button" onClick={onClose}>
          {isDone ? "Close" : "Cancel"}
        </button>
      </p>
    </Dialog>
  )
}
