// Making another member the owner of a session. Only the new owner can undo this.
import { patch } from "../../api"
import { tell } from "../../ui/announce"
import { Dialog } from "../../ui/dialog"
import { Form } from "../../ui/form"

interface Props {
  /** the API's path of the member, by which their role is changed */
  address: string
  name: string
  onDone: () => void
  onClose: () => void
}

export function HandOver({ address, name, onDone, onClose }: Props) {
  const handOver = async () => {
    await patch(address, { role: "owner" })
    tell(`${name} is now the owner`)
    onClose()
    onDone()
  }
  // Escape closes only the question, and not the panel behind it.
  const keep = (event: KeyboardEvent) => event.key === "Escape" && event.stopPropagation()
  return (
    <div onKeyDown={keep}>
      <Dialog title={`Make ${name} the owner?`} onClose={onClose}>
        <p>
          {name} can then invite and remove people, and end or delete the session. You stay as an
          editor. Only {name} can make you the owner again.
        </p>
        <Form submit="Hand over" kind="danger" onSubmit={handOver}>
          <p class="hint">The session then counts towards the storage of {name}, not yours.</p>
        </Form>
        <p class="actions">
          <button type="button" onClick={onClose}>
            Cancel
          </button>
        </p>
      </Dialog>
    </div>
  )
}
