// One session in the list of sessions. The whole card leads to the session.
import { useLayoutEffect, useRef, useState } from "preact/hooks"
import { patch, words } from "../api"
import { languageName } from "../lib/languages"
import { ago, full } from "../lib/times"
import type { Session } from "../types"
import { tell } from "../ui/announce"
import { Avatar } from "../ui/avatar"
import { Icon } from "../ui/icons"
import { TitleField } from "../ui/title_field"

/** The colours of languages. They are the editor's colours, which differ clearly in both themes. */
const COLOURS: Record<string, string> = {
  javascript: "var(--syn-type)",
  typescript: "var(--syn-function)",
  python: "var(--syn-string)",
  java: "var(--syn-number)",
  kotlin: "var(--syn-number)",
  scala: "var(--syn-number)",
  rust: "var(--syn-number)",
  swift: "var(--syn-number)",
  c: "var(--syn-keyword)",
  cpp: "var(--syn-keyword)",
  csharp: "var(--syn-keyword)",
  ruby: "var(--danger)",
  html: "var(--danger)",
  css: "var(--syn-function)",
  plaintext: "var(--faint)",
}

function People({ session }: { session: Session }) {
  return (
    <span class="session-people">
      {session.members.slice(0, 4).map((member) => (
        <Avatar key={member.id} person={member} size={24} />
      ))}
      <span>
        {session.memberCount} {session.memberCount === 1 ? "person" : "people"}
        {session.onlineCount > 0 && `, ${session.onlineCount} here now`}
      </span>
    </span>
  )
}

interface Props {
  session: Session
  onDelete: () => void
  onChanged: (session: Session) => void
}

function Tools({
  session,
  onRename,
  onDelete,
}: Record<"onRename" | "onDelete", () => void> & Pick<Props, "session">) {
  return (
    <span class="session-tools">
      <button type="button" class="icon small" title="Rename" onClick={onRename}>
        <Icon name="pencil" size={16} />
        <span class="sr-only">Rename {session.title}</span>
      </button>
      <button type="button" class="icon small" title="Delete" onClick={onDelete}>
        <Icon name="trash" size={16} />
        <span class="sr-only">Delete {session.title}</span>
      </button>
    </span>
  )
}

function Head({ session }: { session: Session }) {
  return (
    <span class="session-kind">
      <span
        class="session-language"
        style={{ background: COLOURS[session.language] ?? "var(--accent)" }}
      />
      {languageName(session.language)}
      {session.status === "ended" && <span class="tag">ended</span>}
      {session.unread > 0 && <span class="tag unread">{session.unread} unread</span>}
    </span>
  )
}

export function Card({ session, onDelete, onChanged }: Props) {
  const [isRenaming, setIsRenaming] = useState(false)
  const title = useRef<HTMLAnchorElement>(null)
  const wasRenaming = useRef(false)
  useLayoutEffect(() => {
    if (!isRenaming && wasRenaming.current && document.activeElement === document.body)
      title.current?.focus()
    wasRenaming.current = isRenaming
  }, [isRenaming])
  const rename = async (given: string) => {
    setIsRenaming(false)
    if (!given.trim() || given.trim() === session.title) return
    try {
      onChanged(await patch<Session>(`/session/${session.id}`, { title: given }))
    } catch (error) {
      tell(words(error))
    }
  }
  return (
    <li class="session-row">
      <Head session={session} />
      {isRenaming ? (
        <TitleField
          className="session-rename"
          title={session.title}
          onDone={(given) => void rename(given)}
        />
      ) : (
        <a class="session-title" href={`/s/${session.id}`} ref={title}>
          <bdi>{session.title}</bdi>
        </a>
      )}
      {session.excerpt && (
        <pre class="session-lines">
          <span class="sr-only">Last lines: </span>
          {session.excerpt}
        </pre>
      )}
      {session.role === "owner" && (
        <Tools session={session} onRename={() => setIsRenaming(true)} onDelete={onDelete} />
      )}
      <People session={session} />
      <span class="session-foot">
        <time dateTime={session.lastActivityAt} title={full(session.lastActivityAt)}>
          {ago(session.lastActivityAt)}
        </time>
        <span class="session-resume" aria-hidden="true">
          {session.status === "ended" ? "Look back" : "Resume"}
          <Icon name="next" size={16} />
        </span>
      </span>
    </li>
  )
}
