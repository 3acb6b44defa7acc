// A session that is open: its document, its chat, and what others do in it. Knows no screen.
import { get } from "../../api"
import { announce } from "../../ui/announce"
import { ChatLog } from "../panels/chatlog"
import { Collaboration, type Note, type Participant } from "./collab"
import type { SessionState } from "./state"

const CHAT_RETRY_MS = 2000

function announcePeople(before: Participant[], now: Participant[]): void {
  for (const one of now) if (!before.some((other) => other.id === one.id)) announce(`${one.name} joined`)
  for (const one of before) if (!now.some((other) => other.id === one.id)) announce(`${one.name} left`)
}

export class LiveSession {
  readonly collab: Collaboration
  readonly log: ChatLog
  private readonly stopWatching: () => void
  private isDestroyed = false

  constructor(
    private readonly state: SessionState,
    private readonly myId: string,
  ) {
    this.log = new ChatLog(state.id, state.session.peek()?.unread ?? 0)
    this.collab = new Collaboration(state.id, myId, {
      connected: () => this.connected(),
      noted: (note) => this.noted(note),
    })
    let before: Participant[] = []
    this.stopWatching = this.collab.people.subscribe((now) => {
      this.peopleChanged(before, now)
      before = now
    })
  }

  destroy(): void {
    this.isDestroyed = true
    this.stopWatching()
    this.collab.destroy()
  }

  /** Changes may have been missed while there was no connection. */
  private connected(): void {
    void this.findRoots()
    this.loadChat()
    void this.state.reload()
  }

  private noted(note: Note): void {
    if (note.about === "session") {
      void this.state.reload()
      return
    }
    const { sender, message } = note.message
    if (this.log.add(note.message) && sender.id !== this.myId) announce(`${sender.username}: ${message}`)
  }

  private peopleChanged(before: Participant[], now: Participant[]): void {
    announcePeople(before, now)
    const members = this.state.session.peek()?.members ?? []
    const isMember = (one: Participant) =>
      members.some((member) => member.id === one.id && member.username === one.name)
    const wasHere = (one: Participant) => before.some((other) => other.id === one.id && other.name === one.name)
    if (now.some((one) => !isMember(one) && !wasHere(one))) void this.state.reload()
    const roots = this.collab.roots.peek()
    if (now.some((one) => one.root && !roots.includes(one.root))) void this.findRoots()
  }

  /** Only the server knows the names of texts that this page has not opened yet. */
  private async findRoots(): Promise<void> {
    try {
      const { files } = await get<{ files: Record<string, string> }>(`/code/${this.state.id}/latest?live=true`)
      if (!this.isDestroyed) this.collab.addRoots(Object.keys(files))
    } catch {
      // asked for again with the next connection
    }
  }

  private loadChat(): void {
    this.log.load().catch(() =>
      setTimeout(() => {
        if (!this.isDestroyed && this.collab.provider.wsconnected) this.loadChat()
      }, CHAT_RETRY_MS),
    )
  }
}
