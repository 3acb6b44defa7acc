// One session's document: the stock provider, the copy in this browser, and how much the server has
// saved.
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
 * After a limit: an edit may have made the document small enough, so it is tried again when typing
 * pauses.
 */
const RETRY_MS = 3000
/** Much longer than the half second that edits gather before they are saved. */
const SLOW_MS = 8000
/**
 * The browser's own code, for a connection that ended without a close frame (RFC 6455, section
 * 7.1.5).
 */
const NO_CLOSE_FRAME = 1006

export type { Events, Note, Participant }

const isSame = (one: string[], other: string[]) => JSON.stringify(one) === JSON.stringify(other)

const socketUrl = () => `${location.origin.replace("http", "ws")}/sync`

export class Collaboration {
  readonly doc = new Y.Doc()
  readonly provider: WebsocketProvider
  /** where this person was in each text */
  readonly places = new Places(this.doc)
  readonly saveState = signal<SaveState>("offline")
  readonly people = signal<Participant[]>([])
  /** the text can be typed into: it came from the server, or this browser kept it */
  readonly ready = signal(false)
  /** the names of all texts of the document that are known here */
  readonly roots = signal<string[]>([MAIN_ROOT])
  /** the names of its other roots: maps, lists and XML */
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
  /** whether the text is being sent again as new edits, or could not be */
  readonly bringing = signal<"" | "busy" | "failed">("")
  /** whether this page shows what was sent again as new edits */
  readonly wasBrought: boolean
  private wasSynced = false
  private hasRenewed = false
  private retrying = 0
  /** the server takes long to save what was sent: it slows down those whose edits cost much */
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
    // tabs of one browser could pass edits on past the server, which would not count them
    this.provider = new WebsocketProvider(socketUrl(), sessionId, this.doc, {
      params: { saved: "1", notes: "1" },
      disableBc: true,
      connect: false,
      WebSocketPolyfill: CountingSocket,
      shouldReconnect: ({ code }) => comesBack(code),
    })
    this.listen()
    // without a connection what is kept can be worked on; where nothing is, an empty editor would
    // be a lie
    const haveKept = this.kept.whenSynced.then(() => {
      if (this.doc.store.clients.size > 0)
        setTimeout(() => (this.ready.value = true), SYNC_TIMEOUT_MS)
    })
    // where the browser keeps nothing (private windows), or not soon, the server's text is enough
    // to begin with
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
    provider.messageHandlers[2] = () => undefined // said better by the role, and by the code of the close
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
   * The browser knows immediately that it is offline. The provider notices after half a minute
   * without a message.
   */
  private readonly lineLost = () => {
    this.provider.disconnect()
    this.line.offline()
  }
  private readonly lineBack = () => !isFinal(this.trouble.peek()) && this.provider.connect()

  /** Why there is no connection, if that is known. */
  get trouble(): Line["trouble"] {
    return this.line.trouble
  }

  /** Connect again: the person has done something about what was wrong. */
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

  /** A connection has ended; those that the provider ends for good come to `closed` too. */
  private lost(event: CloseEvent | null): void {
    const isOurs = event === null && !this.provider.shouldConnect
    const wasSynced = this.wasSynced
    this.wasSynced = false
    if (isOurs || (event && !comesBack(event.code))) return
    if (event && event.code !== NO_CLOSE_FRAME) this.line.closed(event.code, event.reason)
    else if (!wasSynced) this.line.failed()
  }

  private async closed(code: number, reason: string): Promise<void> {
    // once: a server that refuses the new token too will not take the next one either
    const mayRenew = code === CLOSE_CODE.notSignedIn && !this.hasRenewed
    this.hasRenewed = mayRenew
    if (mayRenew && (await refresh().catch(() => false))) {
      // a provider that was destroyed would connect again, for a page that is gone
      if (!this.isDestroyed) this.provider.connect()
      return
    }
    this.line.closed(code, reason)
    this.update()
    // the text that this page has loaded was brought once already: a second refusal is not by
    // chance
    if (this.trouble.peek()?.remedy === "unreadable" && !this.wasBrought) await this.bring()
  }

  /**
   * Bring the text as new edits, because the server refuses the old ones; then load the page again.
   */
  readonly bring = async (): Promise<void> => {
    if (this.bringing.peek() === "busy") return
    this.bringing.value = "busy"
    this.provider.disconnect()
    try {
      await alone(`bring ${this.place.name}`, async () => {
        // what another tab has brought would be in the text twice
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
    const found: Participant[] = []
    for (const [clientId, state] of this.provider.awareness.getStates()) {
      const { user, typing = false, cursor = null, root, top = null } = state as Presence
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

  /** The server says that these roots are no texts. */
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
