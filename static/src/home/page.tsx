import { type Dispatch, type StateUpdater, useEffect, useState } from "preact/hooks"
import { me } from "../account"
import { get, isAway, post, words } from "../api"
import { whereTo } from "../lib/addresses"
import { meanwhile } from "../lib/patience"
import { go } from "../router"
import { DeleteDialog } from "../session/dialogs/delete"
import { rememberedSessions } from "../session/live/remembered"
import type { Session } from "../types"
import { Field, Form } from "../ui/form"
import { Icon } from "../ui/icons"
import { Problem } from "../ui/problem"
import { Page } from "../ui/shell"
import { Card } from "./card"
import { CreateDialog } from "./create"
import { EVERYTHING, FILTERS, matching, isNarrow, ORDERS, type Search } from "./find"

interface Listed {
  items: Session[]
  next: string | null
  /** whether the server did not answer, and `items` are the sessions that this browser remembers */
  isKept?: boolean
}

/** The user's sessions that this browser remembers; undefined if it remembers none. */
function kept(): Listed | undefined {
  const items = me.value ? rememberedSessions(me.value.id) : []
  return items.length > 0 ? { items, next: null, isKept: true } : undefined
}

function JoinForm() {
  const join = async ({ target = "" }: Record<string, string>) => {
    const to = whereTo(target)
    if (!to) throw new Error("That isn't a session link or ID.")
    if (to.startsWith("/s/")) await post(`/session/${to.slice(3)}/join`)
    go(to)
  }
  return (
    <Form class="inline-form join-form" submit="Join" kind="" onSubmit={join}>
      <Field name="target" label="Join by ID or link" placeholder="Paste a link or an ID" />
    </Form>
  )
}

function Empty({ onCreate }: { onCreate: () => void }) {
  return (
    <div class="empty">
      <Icon name="code" size={32} />
      <h2>No sessions yet</h2>
      <p>
        A session is a place where people type into the same files. Open one and send its link: the
        others need no account. If somebody sent you a link, paste it above.
      </p>
      <button type="button" onClick={onCreate}>
        Create your first session
      </button>
    </div>
  )
}

interface FinderProps {
  search: Search
  onSearch: (search: Search) => void
}

/** The fields with which the user searches, filters and sorts the list. */
function Finder({ search, onSearch }: FinderProps) {
  return (
    <div class="finder" role="search">
      <input
        type="search"
        aria-label="Search sessions"
        placeholder="Search by title, language or person"
        value={search.text}
        onInput={(event) => onSearch({ ...search, text: event.currentTarget.value })}
      />
      <span class="filters" role="group" aria-label="Which sessions">
        {(Object.keys(FILTERS) as Search["filter"][]).map((filter) => (
          <button
            key={filter}
            type="button"
            class="small"
            aria-pressed={search.filter === filter}
            onClick={() => onSearch({ ...search, filter })}
          >
            {FILTERS[filter]}
          </button>
        ))}
      </span>
      <select
        aria-label="Order"
        value={search.order}
        onChange={(event) =>
          onSearch({ ...search, order: event.currentTarget.value as Search["order"] })
        }
      >
        {Object.entries(ORDERS).map(([order, name]) => (
          <option key={order} value={order}>
            {name}
          </option>
        ))}
      </select>
    </div>
  )
}

/** Show what this browser knows, unless the server gave a list, which has more. */
function showKept(
  known: Listed | undefined,
  setListed: Dispatch<StateUpdater<Listed | undefined>>,
): void {
  setListed((old) => old ?? known)
}

function useSessions() {
  const [listed, setListed] = useState<Listed>()
  const [deleted, setDeleted] = useState<string[]>([])
  const [problem, setProblem] = useState("")
  const load = (before?: string) =>
    meanwhile(get<Listed>(`/session?limit=50${before ? `&before=${before}` : ""}`), () =>
      showKept(kept(), setListed),
    ).then(
      (answer) => {
        setProblem("")
        setListed((old) => {
          if (!before || !old) return answer
          // the same page may arrive twice, but is added only once
          return old.next === before ? { ...answer, items: [...old.items, ...answer.items] } : old
        })
      },
      (error: unknown) => {
        const known = !before && isAway(error) ? kept() : undefined
        setProblem(known ? "" : words(error))
        showKept(known, setListed)
      },
    )
  useEffect(() => {
    void load()
    const again = () => void (document.visibilityState === "visible" && load())
    const online = () => void load()
    document.addEventListener("visibilitychange", again)
    addEventListener("online", online)
    return () => {
      document.removeEventListener("visibilitychange", again)
      removeEventListener("online", online)
    }
  }, [])
  return {
    // the server may have sent an answer before the deletion, so it still has the deleted session
    sessions: listed?.items.filter((session) => !deleted.includes(session.id)),
    older: listed?.next,
    isKept: listed?.isKept,
    problem,
    load,
    remove: (id: string) => setDeleted((old) => [...old, id]),
    replace: (changed: Session) =>
      setListed(
        (old) =>
          old && {
            ...old,
            items: old.items.map((session) => (session.id === changed.id ? changed : session)),
          },
      ),
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

interface CardsProps {
  sessions: Session[]
  hasOlder: boolean
  onDelete: (session: Session) => void
  onChanged: (session: Session) => void
}

function Cards({ sessions, hasOlder, onDelete, onChanged }: CardsProps) {
  const [search, setSearch] = useState(EVERYTHING)
  const shown = matching(sessions, search)
  return (
    <>
      <Finder search={search} onSearch={setSearch} />
      <ul class="plain cards" aria-label="My sessions">
        {shown.map((session) => (
          <Card
            key={session.id}
            session={session}
            onDelete={() => onDelete(session)}
            onChanged={onChanged}
          />
        ))}
      </ul>
      {isNarrow(search) && (
        <p class="meta" role="status">
          {shown.length} of {sessions.length} sessions
          {hasOlder && ". Older sessions are searched when they are listed"}.
        </p>
      )}
    </>
  )
}

export default function HomePage() {
  const { sessions, older, isKept, problem, load, remove, replace } = useSessions()
  const [isCreating, setIsCreating] = useState(false)
  const [deleting, setDeleting] = useState<Session | null>(null)
  const isGuest = me.value?.guest
  const deleted = (session: Session) => {
    const links = [...document.querySelectorAll<HTMLAnchorElement>(".session-title")]
    focusNext(links.findIndex((link) => link.pathname === `/s/${session.id}`))
    remove(session.id)
    setDeleting(null)
  }
  return (
    <Page title="Sessions">
      <div class="head">
        <h1>Sessions</h1>
        <JoinForm />
        {!isGuest && (
          <button type="button" class="primary" onClick={() => setIsCreating(true)}>
            <Icon name="plus" size={16} />
            New session
          </button>
        )}
      </div>
      {isGuest && (
        <p class="notice">
          You are a guest. <a href="/signup">Create an account</a> to keep your sessions, and to
          open more of them.
        </p>
      )}
      <Problem text={problem} onAgain={() => void load()} />
      {isKept && (
        <p class="notice" role="status">
          There is no connection. These sessions open from this browser, and what you type is sent
          later.
        </p>
      )}
      {!sessions && !problem && <p role="status">Loading…</p>}
      {sessions?.length === 0 && !older && !isGuest && (
        <Empty onCreate={() => setIsCreating(true)} />
      )}
      {sessions && sessions.length > 0 && (
        <Cards {...{ sessions, hasOlder: !!older, onDelete: setDeleting, onChanged: replace }} />
      )}
      {older && (
        <button type="button" onClick={() => void load(older)}>
          Older sessions
        </button>
      )}
      {isCreating && <CreateDialog onClose={() => setIsCreating(false)} />}
      {deleting && (
        <DeleteDialog
          session={deleting}
          onClose={() => setDeleting(null)}
          onDeleted={() => deleted(deleting)}
          onFailed={() => void load()}
        />
      )}
    </Page>
  )
}
