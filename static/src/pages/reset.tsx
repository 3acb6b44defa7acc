// Choosing a new password by the link of a mail.
import { useEffect, useRef, useState } from "preact/hooks"
import { loginEnded } from "../account"
import { ApiError, post } from "../api"
import { go, withNext } from "../router"
import { tell } from "../ui/announce"
import { Form, NewPassword } from "../ui/form"
import { Failure } from "../ui/problem"
import { Page } from "../ui/shell"

/** The token is behind the #: browsers send that part of an address to no server. */
const token = () => location.hash.slice(1)

/** The message has the focus, because the form that had the focus is gone. */
function NoLink({ why }: { why: string }) {
  const place = useRef<HTMLDivElement>(null)
  useEffect(() => place.current?.querySelector<HTMLElement>("[role=alert]")?.focus(), [])
  return (
    <div ref={place}>
      <Failure text={why} />
      <p class="actions">
        <a class="button primary" href={withNext("/forgot")}>
          Ask for a new link
        </a>
      </p>
    </div>
  )
}

export default function ResetPage() {
  const [problem, setProblem] = useState(
    token() ? "" : "This link is not complete. Open the link in the mail again.",
  )
  const choose = async ({ newPassword }: Record<string, string>) => {
    try {
      await post("/user/password/reset", { token: token(), newPassword })
    } catch (error) {
      const isGone = error instanceof ApiError && (error.status === 404 || error.fields.token)
      if (!isGone) throw error
      setProblem("This link was used already, or has expired.")
      return
    }
    loginEnded()
    go("/signin", true)
    tell("Your password is changed. Sign in with the new one.")
  }
  return (
    <Page title="New password" narrow>
      <h1>Choose a new password</h1>
      <div class="card">
        {problem ? (
          <NoLink why={problem} />
        ) : (
          <Form submit="Change the password" onSubmit={choose}>
            <NewPassword name="newPassword" label="New password" autofocus />
            <p class="hint">You are then signed out on all your devices.</p>
          </Form>
        )}
      </div>
    </Page>
  )
}
