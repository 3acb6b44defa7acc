import { useSignal } from "@preact/signals"
import { lazy, Suspense } from "preact/compat"
import { useEffect } from "preact/hooks"
import { me } from "../account"
import { patch, words } from "../api"
import { LANGUAGES } from "../languages"
import { go } from "../router"
import type { Session } from "../types"
import { tell } from "../ui/announce"
import { Avatar } from "../ui/avatar"
import { Brand, Page, ThemeButton, useTitle } from "../ui/shell"
import { Chat } from "./chat"
import type { Participant } from "./collab"
import { Editor } from "./editor"
import { People } from "./people"
import type { SaveState } from "./saved"
import { SaveDialog } from "./save"
import { Settings } from "./settings"
import { Shortcuts } from "./shortcuts"
import { useCollaboration, useSession } from "./state"
import { fileName, MAIN, Tabs } from "./tabs"

const InviteDialog = lazy(() => import("./invite"))
type Opened = "" | "invite" | "settings" | "save" | "keys"
type Side = "" | "chat" | "people"

const SAVE_WORDS: Record<SaveState, string> = { saved: "Saved", saving: "Saving…", offline: "Offline" }
const SAVE_ABOUT: Record<SaveState, string> = {
  saved: "All that you typed is on the server's disk",
  saving: "Not everything is on the server's disk yet",
  offline: "What you type is kept in this browser, and merged when the connection is back",
}

function SaveBadge({ state, writes }: { state: SaveState; writes: boolean }) {
  if (!writes && state !== "offline") return <span class="save reading" title="You are watching">Read-only</span>
  return <span class={`save ${state}`} role="status" data-testid="saved" title={SAVE_ABOUT[state]}>{SAVE_WORDS[state]}</span>
}

function LanguageSwitch({ session, onChanged }: { session: Session; onChanged: () => void }) {
  const change = (language: string) => patch(`/session/${session.id}`, { language }).then(onChanged, (error) => tell(words(error)))
  return (
    <select class="language" aria-label="Language" value={session.language} disabled={session.role !== "owner"} onChange={(event) => void change(event.currentTarget.value)}>
      {!LANGUAGES.some((one) => one.id === session.language) && <option value={session.language}>{session.language}</option>}
      {LANGUAGES.map((one) => <option key={one.id} value={one.id}>{one.name}</option>)}
    </select>
  )
}

function Here({ people, onClick }: { people: Participant[]; onClick: () => void }) {
  const each = [...new Map(people.map((one) => [one.id, one])).values()]
  return (
    <button type="button" class="ghost here" onClick={onClick}>
      <span class="sr-only">{each.length} other {each.length === 1 ? "person" : "people"} here: show people</span>
      {each.slice(0, 4).map((one) => <Avatar key={one.id} size={24} person={{ id: one.id, username: one.name, avatar: one.avatar }} />)}
      {each.length > 4 && <span>+{each.length - 4}</span>}
      {each.length === 0 && <span aria-hidden="true">Only you</span>}
    </button>
  )
}

const isTyping = (target: EventTarget | null) => target instanceof Element && !!target.closest("input, textarea, select, [contenteditable=true], dialog")

/** Listens again after each render, so that the keys always act on what the screen shows. */
function useKeys(roots: string[], show: (side: Side) => void, open: (what: Opened) => void, select: (root: string) => void, id: string): void {
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") {
        event.preventDefault()
        open("save")
      } else if (event.key === "?" && !isTyping(event.target)) open("keys")
      else if (event.altKey && event.code === "KeyC") show("chat")
      else if (event.altKey && event.code === "KeyP") show("people")
      else if (event.altKey && event.code === "KeyV") go(`/s/${id}/versions`)
      else if (event.altKey && /^Digit[1-9]$/.test(event.code) && roots[Number(event.code[5]) - 1]) select(roots[Number(event.code[5]) - 1]!)
      else return
      event.preventDefault()
    }
    document.addEventListener("keydown", pressed)
    return () => document.removeEventListener("keydown", pressed)
  })
}

function Workspace({ held, myId }: { held: ReturnType<typeof useSession>; myId: string }) {
  const session = held.session.value!
  const { collab, log, roots } = useCollaboration(held.session, myId, held.reload)
  const root = useSignal(MAIN)
  const side = useSignal<Side>(innerWidth > 900 ? "chat" : "")
  const opened = useSignal<Opened>("")
  const follows = useSignal<number | null>(null)
  const blames = useSignal(false)
  useTitle(session.title)
  const writes = session.role !== "viewer" && session.status === "open" && !collab.refused.value
  const suffix = LANGUAGES.find((one) => one.id === session.language)?.suffix ?? "txt"
  const show = (next: Side) => (side.value = side.value === next ? "" : next)
  const open = (what: Opened) => (opened.value = what === "save" && !writes ? "" : what)
  const close = () => (opened.value = "")
  useKeys(roots.value, show, open, (next) => (root.value = next), session.id)
  const followed = collab.people.value.find((one) => one.clientId === follows.value)
  useEffect(() => {
    if (followed?.root && roots.value.includes(followed.root)) root.value = followed.root
  }, [followed?.root])
  const add = (name: string) => {
    collab.doc.getText(name)
    if (!roots.value.includes(name)) roots.value = [...roots.value, name]
    root.value = name
  }
  const typing = [...new Set(collab.people.value.filter((one) => one.typing && one.id !== myId).map((one) => one.name))]
  return (
    <div class="workspace">
      <a class="skip" href="#editor">Skip to the editor</a>
      <header class="bar">
        <Brand />
        <h1 class="bar-title" title={session.title}>{session.title}</h1>
        <LanguageSwitch session={session} onChanged={held.reload} />
        <SaveBadge state={collab.saveState.value} writes={writes} />
        <span class="spring" />
        <Here people={collab.people.value} onClick={() => show("people")} />
        {session.role === "owner" && <button type="button" class="primary" onClick={() => open("invite")}>Invite</button>}
        <nav aria-label="Session" class="bar-nav">
          <a class="button ghost" href={`/s/${session.id}/versions`}>Versions</a>
          <a class="button ghost" href={`/s/${session.id}/replay`}>Replay</a>
          <button type="button" class="ghost" aria-pressed={blames.value} onClick={() => (blames.value = !blames.value)}>Blame</button>
          <button type="button" class="ghost" aria-expanded={side.value === "people"} onClick={() => show("people")}>People</button>
          <button type="button" class="ghost" aria-expanded={side.value === "chat"} onClick={() => show("chat")}>
            Chat{log.unread.value > 0 && <span class="badge" data-testid="unread">{log.unread.value}<span class="sr-only"> unread</span></span>}
          </button>
          {writes && <button type="button" class="ghost" onClick={() => open("save")}>Save</button>}
          <ThemeButton />
          <button type="button" class="icon" aria-label="Settings" title="Settings" onClick={() => open("settings")}>⚙</button>
          <button type="button" class="icon" aria-label="Keyboard shortcuts" title="Keyboard shortcuts" onClick={() => open("keys")}>?</button>
        </nav>
      </header>
      {collab.refused.value && <p class="banner" role="alert">{collab.refused.value} <a href="/">Back to your sessions</a></p>}
      {collab.trouble.value && (
        <p class="banner" role="alert">
          {collab.trouble.value} What you type stays in this browser until it is back. <a href={`/s/${session.id}/versions`}>Saved versions</a>
        </p>
      )}
      {session.status === "ended" && <p class="banner" role="status">This session has ended. You can read and replay it.</p>}
      {session.status === "open" && session.role === "viewer" && <p class="banner" role="status">You are watching: viewers read, chat and follow.</p>}
      {followed && <p class="banner">Following {followed.name}. <button type="button" class="link" onClick={() => (follows.value = null)}>Stop</button></p>}
      <div class="columns-area">
        <main id="editor" class="editor-area" tabIndex={-1}>
          <Tabs roots={roots.value} current={root.value} suffix={suffix} canWrite={writes} onSelect={(next) => (root.value = next)} onAdd={add} />
          {collab.ready.value ? (
            <Editor collab={collab} sessionId={session.id} root={root.value} name={fileName(root.value, suffix)} language={session.language} canWrite={writes} blames={blames.value} follows={follows.value} />
          ) : (
            <p class="boot" role="status">Opening the document…</p>
          )}
        </main>
        {side.value && (
          <aside class="side" aria-label={side.value === "chat" ? "Chat" : "People"}>
            <header class="side-head"><h2>{side.value === "chat" ? "Chat" : "People"}</h2><button type="button" class="icon" aria-label="Close the panel" onClick={() => (side.value = "")}>✕</button></header>
            {side.value === "chat" && <Chat log={log} ended={session.status === "ended"} typing={typing} onTyping={(is) => collab.say("typing", is)} />}
            {side.value === "people" && <People session={session} myId={myId} here={collab.people.value} follows={follows.value} onFollow={(id) => (follows.value = id)} onInvite={() => open("invite")} onChanged={held.reload} />}
          </aside>
        )}
      </div>
      {opened.value === "invite" && <Suspense fallback={null}><InviteDialog sessionId={session.id} onClose={close} /></Suspense>}
      {opened.value === "settings" && <Settings session={session} onClose={close} onChanged={held.reload} />}
      {opened.value === "save" && <SaveDialog sessionId={session.id} onClose={close} />}
      {opened.value === "keys" && <Shortcuts onClose={close} />}
    </div>
  )
}

export default function SessionPage({ id }: { id: string }) {
  const held = useSession(id)
  const user = me.value
  if (held.problem.value)
    return (
      <Page title="Session" narrow>
        <h1>This session cannot be opened</h1>
        <p role="alert">{held.problem.value}</p>
        <p><a href="/">Back to your sessions</a></p>
      </Page>
    )
  if (!held.session.value || !user) return <p class="boot" role="status">Opening the session…</p>
  return <Workspace held={held} myId={user.id} />
}
