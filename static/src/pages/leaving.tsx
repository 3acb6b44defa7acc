// The form with which users delete their account.
import { useState } from "preact/hooks"
import { deleteAccount } from "../account"
import type { Me } from "../types"
import { tell } from "../ui/announce"
import { Dialog } from "../ui/dialog"
import { Choice, Field, Form } from "../ui/form"

/** The choices of what happens to the user's own sessions: the API's value and a text. */
const SESSIONS: [string, string][] = [
  ["transfer", "Hand each over to its longest-standing editor"],
  ["delete", "Delete all of them"],
]

function DeleteDialog({ user, onClose }: { user: Me; onClose: () => void }) {
  const remove = async (values: Record<string, string>) => {
    await deleteAccount(values)
    tell("Your account is deleted")
  }
  return (
    <Dialog title="Delete your account?" onClose={onClose}>
      <p>
        You will be signed out everywhere, and nobody can bring the account back. What you wrote in
        the sessions and chats of others stays there, by “deleted user”.
      </p>
      <Form submit="Delete my account" kind="danger" onSubmit={remove}>
        {user.guest ? null : (
          <>
            <Choice name="sessions" label="Your own sessions" value="transfer" options={SESSIONS} />
            <p class="hint">
              A session that has no other editor with an account is deleted in either case.
            </p>
            <Field
              name="password"
              label="Password"
              type="password"
              autocomplete="current-password"
              empty="Enter your password."
            />
          </>
        )}
      </Form>
    </Dialog>
  )
}

export function Leaving({ user }: { user: Me }) {
  const [isAsking, setIsAsking] = useState(false)
  return (
    <section class="card" aria-labelledby="leaving">
      <h2 id="leaving">Delete account</h2>
      <p class="hint">
        Your name, e-mail address, password and picture are deleted from this server.
      </p>
      <p class="actions">
        <button type="button" class="danger" onClick={() => setIsAsking(true)}>
          Delete account…
        </button>
      </p>
      {isAsking && <DeleteDialog user={user} onClose={() => setIsAsking(false)} />}
    </section>
  )
}
