import { me, signedIn } from "../account"
import { post } from "../api"
import { go, nextInvite, nextPath, withNext } from "../router"
import type { Me } from "../types"
import { Field, Form } from "../ui/form"
import { Page } from "../ui/shell"

async function enter(address: string, body: unknown): Promise<void> {
  const to = nextPath()
  const answer = await post<{ user: Me }>(address, body)
  signedIn(answer.user)
  go(to, true)
}

function Pitch() {
  return (
    <section class="pitch" aria-label="What this is">
      <h1>Write code together.</h1>
      <p>
        Open a session, send a link, and type in the same file, live. Every version is kept, every keystroke can be
        replayed.
      </p>
      <ul>
        <li>Works offline and merges later</li>
        <li>Guests need nothing but a name</li>
        <li>Interviews, pairs and classes</li>
      </ul>
    </section>
  )
}

export function SignInPage() {
  return (
    <Page title="Sign in">
      <div class="split">
        <Pitch />
        <section class="card" aria-labelledby="signin">
          <h2 id="signin">Sign in</h2>
          <Form
            submit="Sign in"
            onSubmit={({ name = "", password }) =>
              enter("/user/login", { [name.includes("@") ? "email" : "username"]: name, password })
            }
          >
            <Field name="name" label="E-mail or user name" autocomplete="username" autofocus />
            <Field name="password" label="Password" type="password" autocomplete="current-password" />
          </Form>
          <p class="aside">
            New here? <a href={withNext("/signup")}>Make an account</a>
          </p>
        </section>
      </div>
    </Page>
  )
}

export function SignUpPage() {
  const isGuest = me.value?.guest
  return (
    <Page title="Sign up">
      <div class="split">
        <Pitch />
        <section class="card" aria-labelledby="signup">
          <h2 id="signup">{isGuest ? "Keep what you wrote" : "Make an account"}</h2>
          {isGuest && (
            <p>You are here as a guest. With an account you stay who you are, and can open sessions yourself.</p>
          )}
          <Form submit="Sign up" onSubmit={(values) => enter("/user/signup", { ...values, ...nextInvite() })}>
            <Field
              name="username"
              label="User name"
              autocomplete="username"
              value={isGuest ? me.value?.username : ""}
              autofocus
            />
            <Field name="email" label="E-mail" type="email" autocomplete="email" />
            <Field
              name="password"
              label="Password"
              type="password"
              autocomplete="new-password"
              hint="At least 10 characters. A few words are a good one."
            />
          </Form>
          <p class="aside">
            Have an account? <a href={withNext("/signin")}>Sign in</a>
          </p>
        </section>
      </div>
    </Page>
  )
}
