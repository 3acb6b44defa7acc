import { useEffect, useState } from "preact/hooks"
import { GUEST_NAME, me, signedIn } from "../account"
import { ApiError, get, post } from "../api"
import { go, nextInvite, nextPath, nextSession, withNext } from "../router"
import type { Features, Me } from "../types"
import { cancellable } from "../ui/cancellable"
import { Field, Form, NewPassword } from "../ui/form"
import { Page } from "../ui/shell"
import { Asked } from "./asked"

async function enter(address: string, body: unknown): Promise<void> {
  const to = nextPath()
  const answer = await post<{ user: Me }>(address, body)
  signedIn(answer.user)
  go(to, true)
}

/** Sign in. The form has one field for the server's two, so it shows the errors of both there. */
async function signIn({ name = "", password }: Record<string, string>): Promise<void> {
  const field = name.includes("@") ? "email" : "username"
  try {
    await enter("/user/login", { [field]: name, password })
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    const { [field]: wrong, ...others } = error.fields
    // The server answers an empty password like a wrong one.
    const lacksPassword = !password && (wrong !== undefined || error.status === 401)
    throw new ApiError(error.status, error.code, error.message, {
      ...(lacksPassword && { password: ["is required"] }),
      ...others,
      ...(wrong && { name: wrong }),
    })
  }
}

function Pitch() {
  return (
    <section class="pitch" aria-label="What this is">
      <h1>Write code together.</h1>
      <p>
        Open a session, send a link, and type in the same file, live. Every version is kept, every
        keystroke can be replayed.
      </p>
      <ul>
        <li>Works offline and merges later</li>
        <li>Guests need nothing but a name</li>
        <li>Interviews, pairs and classes</li>
      </ul>
    </section>
  )
}

/** The way to a link by e-mail, if the server can send mails. */
function ForgotLink() {
  const [canReset, setCanReset] = useState(false)
  useEffect(
    () =>
      cancellable(
        get<Features>("/features"),
        ({ passwordReset }) => setCanReset(passwordReset),
        () => undefined,
      ),
    [],
  )
  if (!canReset) return null
  return (
    <>
      {" · "}
      <a href={withNext("/forgot")}>Forgot password?</a>
    </>
  )
}

export function SignInPage() {
  const session = nextSession()
  return (
    <Page title="Sign in">
      <div class="split">
        {session ? <Asked id={session} /> : <Pitch />}
        <section class="card" aria-labelledby="signin">
          <h2 id="signin">Sign in</h2>
          <Form submit="Sign in" onSubmit={signIn}>
            <Field
              name="name"
              label="E-mail or user name"
              autocomplete="username"
              empty="Enter your e-mail or user name."
              autofocus
            />
            <Field
              name="password"
              label="Password"
              type="password"
              autocomplete="current-password"
              empty="Enter your password."
            />
          </Form>
          <p class="aside">
            New here? <a href={withNext("/signup")}>Create account</a>
            <ForgotLink />
          </p>
        </section>
      </div>
    </Page>
  )
}

export function SignUpPage() {
  const isGuest = me.value?.guest
  const session = nextSession()
  return (
    <Page title="Create account">
      <div class="split">
        {session ? <Asked id={session} /> : <Pitch />}
        <section class="card" aria-labelledby="signup">
          <h2 id="signup">{isGuest ? "Keep what you wrote" : "Create account"}</h2>
          {isGuest && (
            <p>
              You are here as a guest. With an account you stay who you are, and can open sessions
              yourself.
            </p>
          )}
          <Form
            submit="Create account"
            onSubmit={(values) => enter("/user/signup", { ...values, ...nextInvite() })}
          >
            <Field
              name="username"
              label="User name"
              autocomplete="username"
              value={isGuest && me.value?.username !== GUEST_NAME ? me.value?.username : ""}
              autofocus
            />
            <Field name="email" label="E-mail" type="email" autocomplete="email" />
            <NewPassword name="password" label="Password" />
          </Form>
          <p class="aside">
            Have an account? <a href={withNext("/signin")}>Sign in</a>
          </p>
        </section>
      </div>
    </Page>
  )
}
