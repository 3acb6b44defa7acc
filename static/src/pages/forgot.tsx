// Asking for a link by e-mail, with which a forgotten password is replaced.
import { useEffect, useRef, useState } from "preact/hooks"
import { post } from "../api"
import { withNext } from "../router"
import { Field, Form } from "../ui/form"
import { Page } from "../ui/shell"

/** The message has the focus, because the form that had the focus is gone. */
function Sent({ email, onAgain }: { email: string; onAgain: () => void }) {
  const message = useRef<HTMLParagraphElement>(null)
  useEffect(() => message.current?.focus(), [])
  return (
    <>
      <p ref={message} tabIndex={-1} role="status">
        If there is an account with <strong>{email}</strong>, a mail with a link is on its way to
        it. The link works once, and for one hour.
      </p>
      <p class="hint">
        No mail after some minutes? Look among unwanted mails, and check the address.
      </p>
      <p class="actions">
        <button type="button" onClick={onAgain}>
          Use another address
        </button>
      </p>
    </>
  )
}

export default function ForgotPage() {
  const [sentTo, setSentTo] = useState("")
  const ask = async ({ email = "" }: Record<string, string>) => {
    await post("/user/password/forgot", { email })
    setSentTo(email)
  }
  return (
    <Page title="Forgot password" narrow>
      <h1>Forgot your password?</h1>
      <div class="card">
        {sentTo ? (
          <Sent email={sentTo} onAgain={() => setSentTo("")} />
        ) : (
          <Form submit="Send me a link" onSubmit={ask}>
            <Field
              name="email"
              label="E-mail"
              type="email"
              autocomplete="email"
              hint="The address of your account. You get a link to choose a new password."
              empty="Enter your e-mail address."
              autofocus
            />
          </Form>
        )}
        <p class="aside">
          <a href={withNext("/signin")}>Back to sign in</a>
        </p>
      </div>
    </Page>
  )
}
