// Settings of a session that only its owner can change, for all members.
import { useState } from "preact/hooks"
import { patch, words } from "../../api"
import type { ChangedSession, Session } from "../../types"
import { tell } from "../../ui/announce"
import { Choice, Field, Form } from "../../ui/form"
import { Sure } from "../../ui/sure"

interface Props {
  session: Session
  onClose: () => void
  onChanged: () => void
  onDelete: () => void
}

function End({ session, onChanged }: Pick<Props, "session" | "onChanged">) {
  const [finalProblem, setFinalProblem] = useState("")
  const isOpen = session.status === "open"
  const change = () =>
    patch<ChangedSession>(`/session/${session.id}`, { status: isOpen ? "ended" : "open" }).then(
      (changed) => {
        setFinalProblem(changed.finalProblem ?? "")
        onChanged()
      },
      (error: unknown) => tell(words(error)),
    )
  return (
    <>
      {/* one button for ending and opening, so that it keeps the focus */}
      <Sure
        label={isOpen ? "End session (makes it read-only)" : "Open the session again"}
        question={isOpen ? "Really end it" : ""}
        onSure={() => void change()}
      />
      {finalProblem && (
        <p class="wrong" role="alert">
          The session has ended. {finalProblem} The text is still here: export it below, or open the
          session again and end it later.
        </p>
      )}
    </>
  )
}

export function ForOwner({ session, onClose, onChanged, onDelete }: Props) {
  const save = async ({ title, access, joinRole }: Record<string, string>) => {
    await patch(`/session/${session.id}`, { title, access, joinRole })
    onChanged()
    onClose()
  }
  return (
    <>
      <h3>Session, for everyone</h3>
      <Form submit="Save" onSubmit={save}>
        <Field name="title" label="Title" value={session.title} maxLength={120} />
        <Choice
          name="access"
          label="Who may join"
          value={session.access}
          options={[
            ["link", "Anyone signed in with the link"],
            ["invite", "Only people I invite"],
          ]}
        />
        <Choice
          name="joinRole"
          label="They join as"
          value={session.joinRole}
          options={[
            ["editor", "editors"],
            ["viewer", "viewers"],
          ]}
        />
      </Form>
      <h3>End or delete</h3>
      <div class="actions">
        <End session={session} onChanged={onChanged} />
        <button type="button" class="danger" onClick={onDelete}>
          Delete the session…
        </button>
      </div>
    </>
  )
}
