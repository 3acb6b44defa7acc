import { useEffect, useState } from "preact/hooks"
import { me } from "../account"
import { get, post, words } from "../api"
import { whereTo } from "../lib/addresses"
import { LANGUAGES, languageName } from "../lib/languages"
import { go } from "../router"
import { ago, full } from "../lib/times"
import type { Session } from "../types"
import { Avatar } from "../ui/avatar"
import { Dialog } from "../ui/dialog"
import { Choice, Field, Form } from "../ui/form"
import { Page } from "../ui/shell"

interface Listed {
  items: Session[]
  next: string | null
}

function People({ session }: { session: Session }) {
  const shown = session.members.slice(0, 4)
  return (
    <span class="session-people">
      {shown.map((one) => (
        <Avatar key={one.id} person={one} size={24} />
      ))}
      <span>
        {session.memberCount} {session.memberCount === 1 ? "person" : "people"}
        {session.onlineCount > 0 && `, ${session.onlineCount} here now`}
      </span>
    </span>
  )
}

function Row({ session }: { session: Session }) {
  return (
    <li class="session-row">
      <a class="session-title" href={`/s/${session.id}`}>
        <bdi>{session.title}</bdi>
      </a>
      <span class="tag">{languageName(session.language)}</span>
      {session.status === "ended" ? <span class="tag muted">ended</span> : <span class="tag open">open</span>}
      {session.unread > 0 && <span class="tag unread">{session.unread} unread</span>}
      <People session={session} />
      <time dateTime={session.lastActivityAt} title={full(session.lastActivityAt)}>
        {ago(session.lastActivityAt)}
      </time>
    </li>
  )
}

function CreateDialog({ onClose }: { onClose: () => void }) {
  const create = async ({ title, language, access, starter }: Record<string, string>) => {
    const code = starter ? (LANGUAGES.find((one) => one.id === language)?.starter ?? "") : ""
    const session = await post<Session>("/session", { title, language, access, code })
    go(`/s/${session.id}`)
  }
  return (
    <Dialog title="New session" onClose={onClose}>
      <Form submit="Create session" onSubmit={create}>
        <Field name="title" label="Title" maxLength={120} placeholder="Untitled session" autofocus />
        <Choice
          name="language"
          label="Language"
          value="javascript"
          options={LANGUAGES.map((one) => [one.id, one.name])}
        />
        <Choice
          name="access"
          label="Who may join"
          value="link"
          options={[
            ["link", "Everybody signed in who has the link"],
            ["invite", "Only whom I invite"],
          ]}
        />
        <label class="check">
          <input type="checkbox" name="starter" value="yes" defaultChecked /> Start with a small example
        </label>
      </Form>
    </Dialog>
  )
}

function JoinForm() {
  const join = async ({ target = "" }: Record<string, string>) => {
    const to = whereTo(target)
    if (!to) throw new Error("That is neither a session's id nor a link.")
    if (to.startsWith("/s/")) await post(`/session/${to.slice(3)}/join`)
    go(to)
  }
  return (
    <Form class="inline-form" submit="Join" onSubmit={join}>
      <Field name="target" label="Join by id or link" placeholder="Paste a link or an id" />
    </Form>
  )
}

function Empty({ onCreate }: { onCreate: () => void }) {
  return (
    <div class="empty">
      <h2>No sessions yet</h2>
      <p>Create one and send its invite link, or paste a link that you were sent.</p>
      <button type="button" class="primary" onClick={onCreate}>
        Create your first session
      </button>
    </div>
  )
}

function useSessions() {
  const [listed, setListed] = useState<Listed>()
  const [problem, setProblem] = useState("")
  const load = (before?: string) =>
    get<Listed>(`/session?limit=50${before ? `&before=${before}` : ""}`).then(
      (answer) =>
        setListed((old) => {
          if (!before || !old) return answer
          // asked for twice, a page is added once
          return old.next === before ? { ...answer, items: [...old.items, ...answer.items] } : old
        }),
      (error: unknown) => setProblem(words(error)),
    )
  useEffect(() => {
    void load()
    const again = () => void (document.visibilityState === "visible" && load())
    document.addEventListener("visibilitychange", again)
    return () => document.removeEventListener("visibilitychange", again)
  }, [])
  return { listed, problem, load }
}

export function HomePage() {
  const { listed, problem, load } = useSessions()
  const [creating, setCreating] = useState(false)
  const isGuest = me.value?.guest
  const older = listed?.next
  return (
    <Page title="Sessions">
      <div class="head">
        <h1>Sessions</h1>
        {!isGuest && (
          <button type="button" class="primary" onClick={() => setCreating(true)}>
            New session
          </button>
        )}
      </div>
      {isGuest && (
        <p class="notice">
          You are a guest. <a href="/signup">Make an account</a> to open sessions yourself and keep what you wrote.
        </p>
      )}
      <JoinForm />
      {problem && (
        <p class="wrong" role="alert">
          {problem}
        </p>
      )}
      {!listed && !problem && <p role="status">Loading…</p>}
      {listed?.items.length === 0 && !isGuest && <Empty onCreate={() => setCreating(true)} />}
      {listed && listed.items.length > 0 && (
        <ul class="rows" aria-label="My sessions">
          {listed.items.map((one) => (
            <Row key={one.id} session={one} />
          ))}
        </ul>
      )}
      {older && (
        <button type="button" onClick={() => void load(older)}>
          Older sessions
        </button>
      )}
      {creating && <CreateDialog onClose={() => setCreating(false)} />}
    </Page>
  )
}
