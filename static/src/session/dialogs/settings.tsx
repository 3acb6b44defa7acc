import { useState } from "preact/hooks"
import { patch, words } from "../../api"
import { go } from "../../router"
import { fontSize, keys, tabSize, theme, wraps } from "../../settings"
import type { ChangedSession, Session } from "../../types"
import { tell } from "../../ui/announce"
import { Dialog } from "../../ui/dialog"
import { Choice, Field, Form } from "../../ui/form"

function Select({
  label,
  value,
  options,
  onChange,
}: {
  label: string
  value: string
  options: [string, string][]
  onChange: (value: string) => void
}) {
  return (
    <label class="field">
      <span>{label}</span>
      <select value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        {options.map(([key, text]) => (
          <option key={key} value={key}>
            {text}
          </option>
        ))}
      </select>
    </label>
  )
}

const numbers = (all: number[], unit: string): [string, string][] => all.map((one) => [String(one), `${one} ${unit}`])

export function Settings({
  session,
  onClose,
  onChanged,
  onDelete,
}: {
  session: Session
  onClose: () => void
  onChanged: () => void
  onDelete: () => void
}) {
  const save = async ({ title, access, joinRole }: Record<string, string>) => {
    await patch(`/session/${session.id}`, { title, access, joinRole })
    onChanged()
    onClose()
  }
  const [finalProblem, setFinalProblem] = useState("")
  const end = () =>
    patch<ChangedSession>(`/session/${session.id}`, { status: session.status === "open" ? "ended" : "open" }).then(
      (changed) => {
        setFinalProblem(changed.finalProblem ?? "")
        onChanged()
      },
      (error: unknown) => tell(words(error)),
    )
  return (
    <Dialog title="Settings" onClose={onClose}>
      <h3>Editor, in this browser</h3>
      <div class="form columns">
        <Select
          label="Theme"
          value={theme.value}
          options={[
            ["system", "as the system"],
            ["light", "light"],
            ["dark", "dark"],
          ]}
          onChange={(value) => (theme.value = value)}
        />
        <Select
          label="Font size"
          value={String(fontSize.value)}
          options={numbers([12, 13, 14, 15, 16, 18, 20, 24], "px")}
          onChange={(value) => (fontSize.value = Number(value))}
        />
        <Select
          label="Tab size"
          value={String(tabSize.value)}
          options={numbers([2, 4, 8], "spaces")}
          onChange={(value) => (tabSize.value = Number(value))}
        />
        <Select
          label="Keys"
          value={keys.value}
          options={[
            ["default", "default"],
            ["vim", "Vim"],
          ]}
          onChange={(value) => (keys.value = value)}
        />
        <label class="check">
          <input
            type="checkbox"
            checked={wraps.value}
            onChange={(event) => (wraps.value = event.currentTarget.checked)}
          />{" "}
          Wrap long lines
        </label>
      </div>
      {session.role === "owner" && (
        <>
          <h3>Session, for everybody</h3>
          <Form submit="Save" onSubmit={save}>
            <Field name="title" label="Title" value={session.title} maxLength={120} />
            <Choice
              name="access"
              label="Who may join"
              value={session.access}
              options={[
                ["link", "Everybody signed in who has the link"],
                ["invite", "Only whom I invite"],
              ]}
            />
            <Choice
              name="joinRole"
              label="They come in as"
              value={session.joinRole}
              options={[
                ["editor", "editors"],
                ["viewer", "viewers"],
              ]}
            />
          </Form>
          <p class="actions">
            <button type="button" class={session.status === "open" ? "danger" : ""} onClick={() => void end()}>
              {session.status === "open" ? "End the session: nobody writes any more" : "Open the session again"}
            </button>
            <button type="button" class="danger" onClick={onDelete}>
              Delete the session…
            </button>
          </p>
          {finalProblem && (
            <p class="wrong" role="alert">
              The session has ended. {finalProblem} The text is still here: download everything below, or open the
              session again and end it later.
            </p>
          )}
        </>
      )}
      <h3>Take it along</h3>
      <p>
        <a href={`/code/${session.id}/export`} download>
          Download everything as a zip file
        </a>{" "}
        ·{" "}
        <button type="button" class="link" onClick={() => go(`/developers?session=${session.id}`)}>
          Connect an editor of your own
        </button>
      </p>
    </Dialog>
  )
}
