// The form with which users change their e-mail address.
import { signedIn } from "../account"
import { post } from "../api"
import type { Me } from "../types"
import { tell } from "../ui/announce"
import { Field, Form } from "../ui/form"

export function Email({ user }: { user: Me }) {
  const change = async ({ email, password }: Record<string, string>) => {
    signedIn(await post<Me>("/user/email", { email, password }))
    tell("Your e-mail address is changed")
  }
  return (
    <section class="card" aria-labelledby="email">
      <h2 id="email">E-mail</h2>
      <Form submit="Change the e-mail address" onSubmit={change} clears>
        <Field
          name="email"
          label="E-mail address"
          type="email"
          value={user.email ?? ""}
          autocomplete="email"
          hint="You can sign in with it, too. Nobody else sees it."
          empty="Enter your e-mail address."
        />
        <Field
          name="password"
          label="Your password"
          type="password"
          autocomplete="current-password"
          empty="Enter your password."
        />
      </Form>
    </section>
  )
}
