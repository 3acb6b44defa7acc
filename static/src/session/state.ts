// What the session's page keeps track of, beside what is on the screen.
import { type Signal, useSignal } from "@preact/signals"
import { useEffect, useMemo, useRef } from "preact/hooks"
import { ApiError, get, post, words } from "../api"
import type { Session } from "../types"
import { announce } from "../ui/announce"
import { ChatLog } from "./chatlog"
import { Collaboration, type Participant } from "./collab"
import { MAIN } from "./tabs"

const CHAT_RETRY_MS = 2000

/** The session, read once more whenever somebody says that it has changed. */
export function useSession(id: string) {
  const session = useSignal<Session | null>(null)
  const problem = useSignal("")
  // an answer that was overtaken by a later one is old
  const asked = useRef(0)
  const load = async () => {
    const mine = ++asked.current
    const use = (answer: Session) => {
      if (mine === asked.current) session.value = answer
    }
    try {
      use(await get<Session>(`/session/${id}`))
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) throw error
      use((await post<{ session: Session }>(`/session/${id}/join`)).session)
    }
  }
  const reload = () => void load().catch((error) => session.value === null && (problem.value = words(error)))
  useEffect(reload, [id])
  return { session, problem, reload }
}

function announcePeople(before: Participant[], now: Participant[]): void {
  for (const one of now) if (!before.some((other) => other.id === one.id)) announce(`${one.name} joined`)
  for (const one of before) if (!now.some((other) => other.id === one.id)) announce(`${one.name} left`)
}

/** Connect to the document for as long as the page is open. */
export function useCollaboration(session: Signal<Session | null>, myId: string, reload: () => void) {
  const id = session.value!.id
  const collab = useMemo(() => new Collaboration(id, myId), [id, myId])
  const log = useMemo(() => new ChatLog(id, session.value!.unread), [id])
  const roots = useSignal<string[]>([MAIN])
  useEffect(() => {
    let isClosed = false
    const look = () => {
      const found = [...new Set([MAIN, ...collab.roots()])]
      if (found.join("\n") !== roots.value.join("\n")) roots.value = found
    }
    // only the server knows the names of texts that this page has not opened yet
    const ask = () =>
      get<{ files: Record<string, string> }>(`/code/${id}/latest?live=true`).then(({ files }) => {
        if (isClosed) return
        for (const name of Object.keys(files)) collab.doc.getText(name)
        look()
      }, () => undefined)
    collab.onNote = (note) => {
      if (note.about === "session") reload()
      else if (log.add(note.message) && note.message.sender.id !== myId) announce(`${note.message.sender.username}: ${note.message.message}`)
    }
    const loadChat = (): void => void log.load().catch(() => setTimeout(() => collab.provider.wsconnected && loadChat(), CHAT_RETRY_MS))
    collab.onConnected = () => {
      void ask()
      loadChat()
      reload()
    }
    // effects run after a paint, which a page in the background may wait long for
    if (collab.provider.wsconnected) collab.onConnected()
    let before: Participant[] = []
    const stop = collab.people.subscribe((now) => {
      announcePeople(before, now)
      const known = session.peek()?.members ?? []
      const isNews = (one: Participant) => !known.some((member) => member.id === one.id && member.username === one.name)
      if (now.some((one) => isNews(one) && !before.some((other) => other.id === one.id && other.name === one.name))) reload()
      if (now.some((one) => one.root && !roots.peek().includes(one.root))) void ask()
      before = now
    })
    collab.doc.on("update", look)
    return () => {
      isClosed = true
      stop()
      collab.destroy()
    }
  }, [collab])
  return { collab, log, roots }
}
