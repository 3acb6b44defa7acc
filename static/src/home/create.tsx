// The dialog in which a user opens a new session.
import { post } from "../api"
import { LANGUAGES } from "../lib/languages"
import { go } from "../router"
import type { Session } from "../types"
import { Dialog } from "../ui/dialog"
import { Choice, Field, Form } from "../ui/form"

export function CreateDialog({ onClose }: { onClose: () => void }) {
  const create = async ({ title, language, access, starter }: Record<string, string>) => {
    const code = starter ? (LANGUAGES.find((known) => known.id === language)?.starter ?? "") : ""
    const session = await post<Session>("/session", { title, language, access, code })
    go(`/s/${session.id}`)
  }
  return (
    <Dialog title="New session" onClose={onClose}>
      <Form submit="Create session" onSubmit={create}>
        <Field
          name="title"
          label="Title"
          maxLength={120}
          placeholder="Untitled session"
          autofocus
        />
        <Choice
          name="language"
          label="Language"
          value="javascript"
          options={LANGUAGES.map((language) => [language.id, language.name])}
        />
        <Choice
          name="access"
          label="Who may join"
          value="link"
          options={[
            ["link", "Anyone signed in with the link"],
            ["invite", "Only people I invite"],
          ]}
        />
        <label class="check">
          <input type="checkbox" name="starter" value="yes" defaultChecked /> Start with a small
          example
        </label>
      </Form>
    </Dialog>
  )
}
