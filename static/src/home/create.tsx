// The dialog in which a user opens a new session.
import { post } from "../api"
import { LANGUAGES } from "../lib/languages"
import { go } from "../router"
import type { Session } from "../types"
import { AccessChoice } from "../ui/access_choice"
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
        <AccessChoice value="link" />
        <label class="check">
          <input type="checkbox" name="starter" value="yes" defaultChecked /> Start with a small
          example
        </label>
      </Form>
    </Dialog>
  )
}
