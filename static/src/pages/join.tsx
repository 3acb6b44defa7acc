import { useEffect, useState } from "preact/hooks"
import { me, signedIn } from "../account"
import { get, isAway, post, words } from "../api"
import { languageName } from "../lib/languages"
import { go, withNext } from "../router"
import type { Me, Preview } from "../types"
import { Avatar } from "../ui/avatar"
import { cancellable } from "../ui/cancellable"
import { Field, Form } from "../ui/form"
import { Problem } from "../ui/problem"
import { Page } from "../ui/shell"

function AsMember({ invite, about, user }: { invite: string; about: Preview; user: Me }) {
  const join = async () => {
    await post(`/session/${about.session.id}/join`, { invite })
    go(`/s/${about.session.id}`)
  }
  return (
    <Form submit={`Join as ${user.username}`} onSubmit={join}>
      {null}
    </Form>
  )
}

function AsGuest({ invite, about }: { invite: string; about: Preview }) {
  const join = async ({ name }: Record<string, string>) => {
    const answer = await post<{ user: Me }>("/user/guest", { name, invite })
    signedIn(answer.user)
    go(`/s/${about.session.id}`)
  }
  return (
    <>
      <Form submit="Join as a guest" onSubmit={join}>
        <Field
          name="name"
          label="Your name"
          autocomplete="nickname"
          maxLength={32}
          empty="Please enter your name."
          autofocus
        />
      </Form>
      <p class="aside">
        Have an account? <a href={withNext("/signin")}>Sign in</a> first, or{" "}
        <a href={withNext("/signup")}>create one</a>.
      </p>
    </>
  )
}

function Invited({ invite, about }: { invite: string; about: Preview }) {
  const user = me.value
  const fits = user && (!user.guest || user.guestOf === about.session.id)
  return (
    <section class="card" aria-labelledby="invited">
      <p class="eyebrow">
        <Avatar person={about.invitedBy} size={24} /> <bdi>{about.invitedBy.username}</bdi> invites
        you to {about.role === "viewer" ? "watch" : "edit"}
      </p>
      <h1 id="invited" dir="auto">
        {about.session.title}
      </h1>
      <p class="meta">
        {languageName(about.session.language)}
        {about.session.status === "ended" && " · ended, read-only"}
      </p>
      {user && !fits && (
        <p class="notice">
          You are a guest of another session as {user.username}. Joining here ends that.
        </p>
      )}
      {fits ? (
        <AsMember invite={invite} about={about} user={user} />
      ) : (
        <AsGuest invite={invite} about={about} />
      )}
    </section>
  )
}

/** Why the invite cannot be shown. Without the server, nobody knows whether it is still valid. */
function NotRead({ error, onAgain }: { error: unknown; onAgain: () => void }) {
  const away = isAway(error)
  return (
    <section class="card">
      <h1>{away ? "The invite cannot be read now" : "This invite does not work"}</h1>
      {away ? (
        <Problem text={words(error)} onAgain={onAgain} />
      ) : (
        <p role="alert">{words(error)}</p>
      )}
      <p>
        {away ? "Or" : "Ask whoever sent it for a new one, or"} go to <a href="/">your sessions</a>.
      </p>
    </section>
  )
}

export default function JoinPage({ invite }: { invite: string }) {
  const [about, setAbout] = useState<Preview>()
  const [error, setError] = useState<unknown>()
  const [attempt, setAttempt] = useState(0)
  useEffect(() => {
    const asked = get<Preview>(`/invite/${encodeURIComponent(invite)}`)
    return cancellable(asked, setAbout, setError)
  }, [invite, attempt])
  const again = () => {
    setError(undefined)
    setAttempt(attempt + 1)
  }
  return (
    <Page title={about?.session.title ?? "Join a session"} narrow>
      {about && <Invited invite={invite} about={about} />}
      {!about && !error && <p role="status">Reading the invite…</p>}
      {error !== undefined && <NotRead error={error} onAgain={again} />}
    </Page>
  )
}
