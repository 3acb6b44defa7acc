import { useState } from "preact/hooks"
import { me, signedIn, signOut } from "../account"
import { patch, post } from "../api"
import type { Me } from "../types"
import { tell } from "../ui/announce"
import { Field, Form, NewPassword } from "../ui/form"
import { Page } from "../ui/shell"
import { Email } from "./email"
import { Leaving } from "./leaving"
import { Logins } from "./logins"
import { Picture } from "./picture"
import { Storage } from "./usage"

export default function ProfilePage() {
  return me.value ? <Profile user={me.value} /> : null
}

function Profile({ user }: { user: Me }) {
  const [changes, setChanges] = useState(0)
  const rename = async ({ username }: Record<string, string>) => {
    signedIn(await patch<Me>("/user/me", { username }))
    tell("Your name is changed")
  }
  const changePassword = async (values: Record<string, string>) => {
    await post("/user/password", values)
    setChanges((old) => old + 1)
    tell("Password changed. You were signed out everywhere else.")
  }
  return (
    <Page title="Profile" narrow>
      <h1>{user.username}</h1>
      <p class="meta">{user.guest ? "guest" : user.email}</p>
      <Picture user={user} />
      <section class="card" aria-labelledby="name">
        <h2 id="name">Name</h2>
        <Form submit="Change the name" onSubmit={rename}>
          <Field name="username" label="User name" value={user.username} autocomplete="username" />
        </Form>
      </section>
      {!user.guest && <Email key={user.email} user={user} />}
      {!user.guest && (
        <section class="card" aria-labelledby="password">
          <h2 id="password">Password</h2>
          <Form submit="Change the password" onSubmit={changePassword} clears>
            <Field
              name="currentPassword"
              label="Current password"
              type="password"
              autocomplete="current-password"
              empty="Enter your current password."
            />
            <NewPassword name="newPassword" label="New password" />
          </Form>
        </section>
      )}
      {!user.guest && <Storage />}
      {/* read again after a change, because a new password has ended all other logins */}
      <Logins key={changes} />
      <p>
        <button type="button" onClick={() => void signOut()}>
          Sign out
        </button>
      </p>
      <Leaving user={user} />
    </Page>
  )
}
