// One session's document: the stock provider, what is kept in this browser, and what is known to be saved.
import { signal } from "@preact/signals"
import * as decoding from "lib0/decoding"
import { IndexeddbPersistence } from "y-indexeddb"
import { WebsocketProvider } from "y-websocket"
import * as Y from "yjs"
import { refresh } from "../../api"
import { CLOSE_CODE } from "../../close_codes"
import { MAIN_ROOT } from "../../lib/files"
import type { Message } from "../../types"
import type { Presence, RelativePosition } from "./presence"
import { SavedCounter, type SaveState } from "./saved"

const SAVED = 102
const NOTE = 103
const SYNC_TIMEOUT_MS = 1500
const KEPT_TIMEOUT_MS = 1500

export type Note = { about: "session" } | { about: "message"; message: Message }

/** What a connection tells whoever opened it. */
export interface Events {
  connected: () => void
  noted: (note: Note) => void
}

export interface Participant {
  clientId: number
  id: string
  name: string
  color: string
  avatar: string | null
  typing: boolean
  cursor: { anchor: RelativePosition; head: RelativePosition } | null
  root: string
  top: RelativePosition
}

/** Close reasons are JSON with a message for people, most of them. */
function told(reason: string): string {
  try {
    return (JSON.parse(reason) as { message?: string } | null)?.message ?? reason
  } catch {
    return reason
  }
}

export class Collaboration {
  readonly doc = new Y.Doc()
  readonly provider: WebsocketProvider
  readonly saveState = signal<SaveState>("offline")
  readonly people = signal<Participant[]>([])
  readonly refused = signal("")
  /** why the server does not take the session in for now; the provider keeps trying */
  readonly trouble = signal("")
  /** the text is there: from the server, or from this browser while offline */
  readonly ready = signal(false)
  /** the names of all texts of the document that are known here */
  readonly roots = signal<string[]>([MAIN_ROOT])
  private readonly counter = new SavedCounter()
  private readonly kept: IndexeddbPersistence
  private isDestroyed = false

  constructor(
    sessionId: string,
    userId: string,
    private readonly events: Events,
  ) {
    const counter = this.counter
    const changed = () => this.update()
    class CountingSocket extends WebSocket {
      override send(data: Uint8Array<ArrayBuffer>): void {
        super.send(data)
        counter.sent(new Uint8Array(data))
        changed()
      }
    }
    this.kept = new IndexeddbPersistence(`session-${sessionId}-${userId}`, this.doc)
    // tabs of one browser could pass edits on past the server, which would not count them
    this.provider = new WebsocketProvider(`${location.origin.replace("http", "ws")}/sync`, sessionId, this.doc, {
      params: { saved: "1", notes: "1" },
      disableBc: true,
      connect: false,
      WebSocketPolyfill: CountingSocket,
    })
    this.listen()
    // where the browser keeps nothing (private windows), or not soon, the server's text is enough to begin with
    const late = new Promise<void>((go) => setTimeout(go, KEPT_TIMEOUT_MS))
    void Promise.race([this.kept.whenSynced, late]).then(() => {
      if (this.isDestroyed) return
      this.provider.connect()
      setTimeout(() => (this.ready.value = true), SYNC_TIMEOUT_MS)
    })
  }

  private listen(): void {
    const { provider, counter } = this
    provider.messageHandlers[SAVED] = (_encoder, decoder) => {
      counter.saved(decoding.readVarUint(decoding.createDecoder(decoding.readVarUint8Array(decoder))))
      this.update()
    }
    provider.messageHandlers[NOTE] = (_encoder, decoder) =>
      this.events.noted(JSON.parse(new TextDecoder().decode(decoding.readVarUint8Array(decoder))) as Note)
    provider.messageHandlers[2] = () => undefined // said better by the role, and by the code of the close
    provider.on("status", ({ status }) => {
      if (status !== "connecting") counter.reset()
      if (status === "connected") this.events.connected()
      this.update()
    })
    provider.on("sync", (isSynced: boolean) => {
      if (isSynced) {
        this.ready.value = true
        this.trouble.value = ""
      }
      this.update()
    })
    provider.on("connection-close", (event) => {
      if (event?.code === CLOSE_CODE.outOfService)
        this.trouble.value = told(event.reason) || "This session is out of service."
    })
    provider.on("closed", ({ code, reason }) => void this.closed(code, reason))
    provider.awareness.on("change", () => this.readPeople())
    this.doc.on("update", () => this.readRoots())
    addEventListener("offline", this.lineLost)
    addEventListener("online", this.lineBack)
  }

  /** The browser knows at once what the provider would only find out by half a minute's silence. */
  private readonly lineLost = () => this.provider.disconnect()
  private readonly lineBack = () => !this.refused.value && this.provider.connect()

  private update(): void {
    this.saveState.value = !this.provider.wsconnected ? "offline" : this.counter.state(this.provider.synced)
  }

  private async closed(code: number, reason: string): Promise<void> {
    if (code === CLOSE_CODE.notSignedIn && (await refresh().catch(() => false))) {
      // a provider that was destroyed would connect again, for a page that is gone
      if (!this.isDestroyed) this.provider.connect()
      return
    }
    const message = told(reason)
    this.refused.value =
      code === CLOSE_CODE.noAccess
        ? message || "You are no longer in this session."
        : message || `Closed by the server (${code}).`
  }

  private readPeople(): void {
    const found: Participant[] = []
    for (const [clientId, state] of this.provider.awareness.getStates()) {
      const { user, typing = false, cursor = null, root = "", top = null } = state as Presence
      if (clientId === this.doc.clientID || !user?.id) continue
      const { id, name, color, avatar = null } = user
      found.push({ clientId, id, name, color, avatar, typing, cursor, root, top })
    }
    this.people.value = found
  }

  /** An arrow function: it is handed on as it is, and stays the same one. */
  readonly sayTyping = (isTyping: boolean) => this.say("typing", isTyping)

  say(field: string, value: unknown): void {
    this.provider.awareness.setLocalStateField(field, value)
  }

  /** Texts that have these names: a new file, or one that this page has not opened yet. */
  addRoots(names: string[]): void {
    for (const name of names) this.doc.getText(name)
    this.readRoots()
  }

  private readRoots(): void {
    const found = [...new Set([MAIN_ROOT, ...this.doc.share.keys()])]
    if (found.join("\n") !== this.roots.value.join("\n")) this.roots.value = found
  }

  destroy(): void {
    this.isDestroyed = true
    removeEventListener("offline", this.lineLost)
    removeEventListener("online", this.lineBack)
    this.provider.destroy()
    void this.kept.destroy()
    this.doc.destroy()
  }
}
