// Settings of a session that only its owner can change, for all members.
import { patch } from "../../api"
import { languageChoices } from "../../lib/languages"
import type { Session } from "../../types"
import { AccessChoice } from "../../ui/access_choice"
import { Choice, Field, Form } from "../../ui/form"

interface Props {
  session: Session
  onClose: () => void
  onChanged: () => void
  onDelete: () => void
}

export function ForOwner({ session, onClose, onChanged, onDelete }: Props) {
  const save = async ({ title, language, access, joinRole, runs }: Record<string, string>) => {
    await patch(`/session/${session.id}`, { title, language, access, joinRole, runs })
    onChanged()
    onClose()
  }
  return (
    <>
      <h3>Session, for everyone</h3>
      <Form submit="Save" onSubmit={save}>
        <Field name="title" label="Title" value={session.title} maxLength={120} />
        <Choice
          name="language"
          label="Language"
          value={session.language}
          options={languageChoices(session.language)}
        />
        <AccessChoice value={session.access} />
        <Choice
          name="joinRole"
          label="They join as"
          value={session.joinRole}
          options={[
            ["editor", "editors"],
            ["viewer", "viewers"],
          ]}
        />
        <Choice
          name="runs"
          label="Who may run programs"
          value={session.runs}
          options={[
            ["editors", "editors"],
            ["all", "editors and viewers"],
            ["nobody", "nobody"],
          ]}
        />
      </Form>
      <h3>Delete</h3>
      <p class="actions">
        <button type="button" class="danger" onClick={onDelete}>
          Delete the session…
        </button>
      </p>
    </>
  )
}
