// The document of one session: the stock provider, the copy in this browser, and the save state.
import { signal } from "@preact/signals"
import * as decoding from "lib0/decoding"
import { IndexeddbPersistence } from "y-indexeddb"
import { WebsocketProvider } from "y-websocket"
import * as Y from "yjs"
import { refresh } from "../../api"
import { alone } from "../../lib/alone"
import { CLOSE_CODE } from "../../close_codes"
import { MAIN_ROOT } from "../../lib/files"
import type { Presence } from "./presence"
import { Places } from "../editor/places"
import type { Events, Note, Participant } from "./events"
import { KeptPlace } from "./kept"
import { Line } from "./line"
import { Roots } from "./roots"
import { SavedCounter, type SaveState } from "./saved"
import { comesBack, isFinal, probe } from "./trouble"
import { Unconfirmed } from "./unconfirmed"

const SAVED = 102
const NOTE = 103
const SYNC_TIMEOUT_MS = 1500
const KEPT_TIMEOUT_MS = 1500
/**
 * The pause before another try after a size limit. An edit may have made the document small enough,
 * so the page tries again when typing pauses.
 */
const RETRY_MS = 3000
/**
 * The server counts as slow if it takes longer than this to save edits. The time is much longer
 * than the half second for which the server collects edits.
 */
const SLOW_MS = 8000
/**
 * The browser's own close code for a connection that ended without a close frame (RFC 6455, section
 * 7.1.5).
 */
const NO_CLOSE_FRAME = 1006

export type { Events, Note, Participant }

const isSame = (one: string[], other: string[]) => JSON.stringify(one) === JSON.stringify(other)

const socketUrl = () => `${location.origin.replace("http", "ws")}/sync`

export class Collaboration {
  readonly doc = new Y.Doc()
  readonly provider: WebsocketProvider
  /** the user's place in each text: selection, scroll position and undo steps */
  readonly places = new Places(this.doc)
  readonly saveState = signal<SaveState>("offline")
  readonly people = signal<Participant[]>([])
  /** whether the text can be edited, because it came from the server or from this browser's copy */
  readonly ready = signal(false)
  /** the names of all known texts of the document */
  readonly roots = signal<string[]>([MAIN_ROOT])
  /** the names of the document's other roots: maps, lists and XML */
  readonly others = signal<string[]>([])
  private readonly known = new Roots(this.doc)
  private namedByServer: string[] = []
  private readonly counter = new SavedCounter()
  private readonly line: Line
  private readonly place: KeptPlace
  private readonly unconfirmed: Unconfirmed
  private readonly kept: IndexeddbPersistence
  private isDestroyed = false
  private readonly sessionId: string
  /** "busy" while the text is sent again as new edits; "failed" if that did not work */
  readonly bringing = signal<"" | "busy" | "failed">("")
  /** whether the page before this one has sent its text again as new edits */
  readonly wasBrought: boolean
  private wasSynced = false
  private hasRenewed = false
  private retrying = 0
  /** whether the server takes long to save edits, for example because they cost much work */
  readonly isSlow = signal(false)
  private readonly looking = window.setInterval(() => this.lookAtSpeed(), SLOW_MS / 4)

  constructor(
    sessionId: string,
    readonly userId: string,
    private readonly events: Events,
  ) {
    this.sessionId = sessionId
    const counter = this.counter
    const changed = () => this.update()
    class CountingSocket extends WebSocket {
      override send(data: Uint8Array<ArrayBuffer>): void {
        super.send(data)
        counter.sent(new Uint8Array(data))
        changed()
      }
    }
    this.line = new Line(() => probe(`/sync/${sessionId}`))
    this.place = new KeptPlace(sessionId, userId)
    this.unconfirmed = new Unconfirmed(this.place.name)
    this.wasBrought = this.place.wasLeft()
    this.kept = new IndexeddbPersistence(this.place.name, this.doc)
    // `disableBc`: otherwise, tabs of one browser could exchange edits that the server would not
    // count
    this.provider = new WebsocketProvider(socketUrl(), sessionId, this.doc, {
      params: { saved: "1", notes: "1" },
      disableBc: true,
      connect: false,
      WebSocketPolyfill: CountingSocket,
      shouldReconnect: ({ code }) => comesBack(code),
    })
    this.listen()
    // without a connection, the kept copy can be edited. Without a copy, the editor must not open,
    // because it would show an empty text instead of the session's text
    const haveKept = this.kept.whenSynced.then(() => {
      if (this.doc.store.clients.size > 0)
        setTimeout(() => (this.ready.value = true), SYNC_TIMEOUT_MS)
    })
    // if the browser keeps no copy (private windows), or is slow to load it, start with the
    // server's text
    const late = new Promise<void>((go) => setTimeout(go, KEPT_TIMEOUT_MS))
    void Promise.race([haveKept, late]).then(() => {
      if (!this.isDestroyed) this.provider.connect()
    })
  }

  private listen(): void {
    const { provider, counter } = this
    provider.messageHandlers[SAVED] = (_encoder, decoder) => {
      counter.saved(
        decoding.readVarUint(decoding.createDecoder(decoding.readVarUint8Array(decoder))),
      )
      this.update()
    }
    provider.messageHandlers[NOTE] = (_encoder, decoder) =>
      this.events.noted(
        JSON.parse(new TextDecoder().decode(decoding.readVarUint8Array(decoder))) as Note,
      )
    provider.messageHandlers[2] = () => undefined // the role and the close code tell more
    provider.on("status", ({ status }) => {
      if (status !== "connecting") counter.reset()
      if (status === "connected") this.events.connected()
      this.update()
    })
    provider.on("sync", (isSynced: boolean) => {
      if (isSynced) {
        this.wasSynced = this.ready.value = true
        this.hasRenewed = false
        this.line.synced()
      }
      this.update()
    })
    provider.on("connection-close", (event) => this.lost(event))
    provider.on("closed", ({ code, reason }) => void this.closed(code, reason))
    provider.awareness.on("change", () => this.readPeople())
    this.doc.on("update", (_update, origin) => this.updated(origin))
    addEventListener("offline", this.lineLost)
    addEventListener("online", this.lineBack)
  }

  /**
   * The browser notices immediately that it is offline. The provider would notice only after 30 s
   * without a message.
   */
  private readonly lineLost = () => {
    this.provider.disconnect()
    this.line.offline()
  }
  private readonly lineBack = () => !isFinal(this.trouble.peek()) && this.provider.connect()

  /** The reason why there is no connection, if it is known. */
  get trouble(): Line["trouble"] {
    return this.line.trouble
  }

  /** Connect again, because the user may have removed the cause of the close. */
  readonly retry = (): void => {
    clearTimeout(this.retrying)
    this.retrying = 0
    if (!this.isDestroyed) this.provider.connect()
  }

  private lookAtSpeed(): void {
    this.isSlow.value = this.provider.wsconnected && this.counter.waitedMs() > SLOW_MS
  }

  private update(): void {
    const { wsconnected, synced } = this.provider
    const isKnown = synced || (wsconnected && !this.trouble.peek())
    this.saveState.value = wsconnected && isKnown ? this.counter.state(synced) : "offline"
    if (this.saveState.value === "saved") this.line.good()
  }

  /** A connection has ended. If the provider gives up, it also calls `closed`. */
  private lost(event: CloseEvent | null): void {
    const isOurs = event === null && !this.provider.shouldConnect
    const wasSynced = this.wasSynced
    this.wasSynced = false
    if (isOurs || (event && !comesBack(event.code))) return
    if (event && event.code !== NO_CLOSE_FRAME) this.line.closed(event.code, event.reason)
    else if (!wasSynced) this.line.failed()
  }

  private async closed(code: number, reason: string): Promise<void> {
    // renew the token only once: a server that refuses the new token would refuse the next one, too
    const mayRenew = code === CLOSE_CODE.notSignedIn && !this.hasRenewed
    this.hasRenewed = mayRenew
    if (mayRenew && (await refresh().catch(() => false))) {
      // a destroyed provider would connect again, for a page that has been left
      if (!this.isDestroyed) this.provider.connect()
      return
    }
    this.line.closed(code, reason)
    this.update()
    // if the text was sent again already, the second refusal has another reason, so do not send
    // again
    if (this.trouble.peek()?.remedy === "unreadable" && !this.wasBrought) await this.bring()
  }

  /**
   * Send the text as new edits, because the server refuses the old ones. Then reload the page.
   */
  readonly bring = async (): Promise<void> => {
    if (this.bringing.peek() === "busy") return
    this.bringing.value = "busy"
    this.provider.disconnect()
    try {
      await alone(`bring ${this.place.name}`, async () => {
        // if another tab has sent the text already, sending it again would add it twice
        if (this.place.isLeft) throw new Error("another tab has brought this text")
        const { bringAsNew } = await import("./bring")
        await bringAsNew(this.doc, socketUrl(), this.sessionId, this.unconfirmed)
        this.place.leave()
      })
      if (!this.isDestroyed) location.reload()
    } catch {
      this.bringing.value = "failed"
      if (!this.isDestroyed && !isFinal(this.trouble.peek())) this.provider.connect()
    }
  }

  private updated(origin: unknown): void {
    this.readRoots()
    const isLocal = origin !== this.provider && origin !== this.kept
    if (isLocal && this.trouble.peek()?.remedy === "large" && !this.retrying)
      this.retrying = window.setTimeout(this.retry, RETRY_MS)
  }

  private readPeople(): void {
    const people: Participant[] = []
    for (const [clientId, state] of this.provider.awareness.getStates()) {
      const { user, typing = false, cursor = null, root, top = null, run } = state as Presence
      if (clientId === this.doc.clientID || !user?.id) continue
      const { id, name, color, avatar = null } = user
      people.push({ clientId, id, name, color, avatar, typing, cursor, root, top, run })
    }
    this.people.value = people
  }

  /** An arrow function, because it is passed as a prop and must stay identical. */
  readonly sayTyping = (isTyping: boolean) => this.say("typing", isTyping)

  say(field: string, value: unknown): void {
    this.provider.awareness.setLocalStateField(field, value)
  }

  /** Add texts with these names: a new file, or files that this page has not opened yet. */
  addRoots(names: string[]): void {
    for (const name of names) this.doc.getText(name)
    this.readRoots()
  }

  /** Remember which roots are not texts. `names` are the roots that the server reports as such. */
  nameOthers(names: string[]): void {
    this.namedByServer = names
    this.readRoots()
  }

  private readRoots(): void {
    const { texts, others } = this.known.read(this.namedByServer)
    if (!isSame(texts, this.roots.value)) this.roots.value = texts
    if (!isSame(others, this.others.value)) this.others.value = others
  }

  destroy(): void {
    this.isDestroyed = true
    clearTimeout(this.retrying)
    clearInterval(this.looking)
    this.line.stop()
    removeEventListener("offline", this.lineLost)
    removeEventListener("online", this.lineBack)
    this.provider.destroy()
    void this.kept.destroy()
    this.doc.destroy()
  }
}
