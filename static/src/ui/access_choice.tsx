// The choice of who may join a session, in the dialogs that make and change one.
import { Choice } from "./form"

export const AccessChoice = ({ value }: { value: string }) => (
  <Choice
    name="access"
    label="Who may join"
    value={value}
    options={[
      ["link", "Anyone signed in with the link"],
      ["invite", "Only people I invite"],
    ]}
  />
)
