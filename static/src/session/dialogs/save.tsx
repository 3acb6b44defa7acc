import { post } from "../../api"
import type { Version } from "../../types"
import { tell } from "../../ui/announce"
import { Dialog } from "../../ui/dialog"
import { Field, Form } from "../../ui/form"

export function SaveDialog({ sessionId, onClose }: { sessionId: string; onClose: () => void }) {
  const save = async ({ label }: Record<string, string>) => {
    const version = await post<Version>(`/code/${sessionId}/save`, label ? { label } : {})
    // if the text has not changed since the last version, the server keeps only one of the labels
    const other = label && version.label !== label
    tell(
      other
        ? `Nothing has changed since version ${version.version}, “${version.label}”`
        : `Version ${version.version} is saved`,
    )
    onClose()
  }
  return (
    <Dialog title="Save a version" onClose={onClose}>
      <Form submit="Save" onSubmit={save}>
        <Field
          name="label"
          label="Label"
          maxLength={120}
          placeholder="Describe this version (optional)"
          autofocus
        />
      </Form>
    </Dialog>
  )
}
