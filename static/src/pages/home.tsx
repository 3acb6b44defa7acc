import { useEffect, useState } from "preact/hooks"
import { me } from "../account"
import { get, post, words } from "../api"
import { whereTo } from "../lib/addresses"
import { LANGUAGES, languageName } from "../lib/languages"
import { go } from "../router"
import { DeleteDialog } from "../session/dialogs/delete"
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

function Row({ session, onDelete }: { session: Session; onDelete: () => void }) {
  return (
    <li class="session-row">
      <a class="session-title" href={`/s/${session.id}`}>
        <bdi>{session.title}</bdi>
      </a>
      <span class="tag">{languageName(session.language)}</span>
      {session.status === "ended" ? (
        <span class="tag">ended</span>
      ) : (
        <span class="tag open">open</span>
      )}
      {session.unread > 0 && <span class="tag unread">{session.unread} unread</span>}
      <People session={session} />
      <time dateTime={session.lastActivityAt} title={full(session.lastActivityAt)}>
        {ago(session.lastActivityAt)}
      </time>
      <span class="session-tools">
        {session.role === "owner" && (
          <button type="button" class="ghost small" onClick={onDelete}>
            Delete
            <span class="sr-only"> {session.title}</span>
          </button>
        )}
      </span>
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
        <Field
          name="title"
          label="Title"
          maxLength={120}
          placeholder="Untitled session"
          autofocus
        />
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
            ["link", "Anyone signed in with the link"],
            ["invite", "Only people I invite"],
          ]}
        />
        <label class="check">
          <input type="checkbox" name="starter" value="yes" defaultChecked /> Start with a small
          example
        </label>
      </Form>
    </Dialog>
  )
}

function JoinForm() {
  const join = async ({ target = "" }: Record<string, string>) => {
    const to = whereTo(target)
    if (!to) throw new Error("That isn't a session link or ID.")
    if (to.startsWith("/s/")) await post(`/session/${to.slice(3)}/join`)
    go(to)
  }
  return (
    <Form class="inline-form" submit="Join" onSubmit={join}>
      <Field name="target" label="Join by ID or link" placeholder="Paste a link or an ID" />
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
  const [deleted, setDeleted] = useState<string[]>([])
  const [problem, setProblem] = useState("")
  const load = (before?: string) =>
    get<Listed>(`/session?limit=50${before ? `&before=${before}` : ""}`).then(
      (answer) => {
        setProblem("")
        setListed((old) => {
          if (!before || !old) return answer
          // the same page may arrive twice, but is added only once
          return old.next === before ? { ...answer, items: [...old.items, ...answer.items] } : old
        })
      },
      (error: unknown) => setProblem(words(error)),
    )
  useEffect(() => {
    void load()
    const again = () => void (document.visibilityState === "visible" && load())
    document.addEventListener("visibilitychange", again)
    return () => document.removeEventListener("visibilitychange", again)
  }, [])
  return {
    // an answer that was on its way during a deletion still has the deleted session
    sessions: listed?.items.filter((one) => !deleted.includes(one.id)),
    older: listed?.next,
    problem,
    load,
    remove: (id: string) => setDeleted((old) => [...old, id]),
  }
}

/** Focus the session that has taken the place of a deleted one, when it is rendered. */
function focusNext(place: number): void {
  setTimeout(() => {
    const rows = document.querySelectorAll<HTMLElement>(".session-title")
    const next = rows[Math.min(place, rows.length - 1)] ?? document.getElementById("main")
    next?.focus()
  })
}

export function HomePage() {
  const { sessions, older, problem, load, remove } = useSessions()
  const [creating, setCreating] = useState(false)
  const [deleting, setDeleting] = useState<Session | null>(null)
  const isGuest = me.value?.guest
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
          You are a guest. <a href="/signup">Create an account</a> to open sessions yourself and
          keep what you wrote.
        </p>
      )}
      <JoinForm />
      {problem && (
        <p class="wrong" role="alert">
          {problem}
        </p>
      )}
      {!sessions && !problem && <p role="status">Loading…</p>}
      {sessions?.length === 0 && !older && !isGuest && <Empty onCreate={() => setCreating(true)} />}
      {sessions && sessions.length > 0 && (
        <ul class="rows plain" aria-label="My sessions">
          {sessions.map((one) => (
            <Row key={one.id} session={one} onDelete={() => setDeleting(one)} />
          ))}
        </ul>
      )}
      {older && (
        <button type="button" onClick={() => void load(older)}>
          Older sessions
        </button>
      )}
      {creating && <CreateDialog onClose={() => setCreating(false)} />}
      {deleting && (
        <DeleteDialog
          session={deleting}
          onClose={() => setDeleting(null)}
          onDeleted={() => {
            focusNext(sessions?.findIndex((one) => one.id === deleting.id) ?? 0)
            remove(deleting.id)
            setDeleting(null)
          }}
          onFailed={() => void load()}
        />
      )}
    </Page>
  )
}
