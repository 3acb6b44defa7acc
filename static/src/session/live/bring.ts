// If the server will never take some edits, this module sends their text again: as new edits, under
// a new client id.
import * as decoding from "lib0/decoding"
import { WebsocketProvider } from "y-websocket"
import * as Y from "yjs"
import { CLOSE_CODE } from "../../close_codes"
import { TABLE_ROOT } from "../files/table"
import { canWriteTable, readTable } from "../files/watched"
import { SavedCounter } from "./saved"
import { comesBack } from "./trouble"
import type { Sending, Unconfirmed } from "./unconfirmed"

const SAVED = 102
const TIMEOUT_MS = 20_000
/**
 * Close codes that mean that the server has not taken the edits. After other codes, nobody knows.
 */
const TOOK_NOTHING: number[] = [CLOSE_CODE.malformed, CLOSE_CODE.tooLarge, CLOSE_CODE.tooBig]

type Delta = Y.YTextEvent["delta"]

const textRoots = (doc: Y.Doc): string[] =>
  [...doc.share].flatMap(([root, type]) => (type instanceof Y.Text ? [root] : []))

/** Apply an update to a document, and return the changes of its texts by root. */
function changes(doc: Y.Doc, roots: string[], update: Uint8Array): Map<string, Delta> {
  const changed = new Map<string, Delta>()
  const looks = roots.map((root) => {
    const look = (event: Y.YTextEvent) => void changed.set(root, event.delta)
    doc.getText(root).observe(look)
    return () => doc.getText(root).unobserve(look)
  })
  Y.applyUpdate(doc, update)
  for (const end of looks) end()
  return changed
}

/** Return a new document with these updates. */
function merge(...updates: Uint8Array[]): Y.Doc {
  const doc = new Y.Doc()
  for (const update of updates) Y.applyUpdate(doc, update)
  return doc
}

/**
 * Return the edits that only `mine` has, as changes of the texts of `theirs`. The result is the
 * same as if the server had taken the edits and Yjs had merged them.
 */
export function missingEdits(theirs: Y.Doc, mine: Y.Doc): Map<string, Delta> {
  return changes(merge(Y.encodeStateAsUpdate(theirs)), textRoots(mine), Y.encodeStateAsUpdate(mine))
}

/**
 * Return the entries of the table of files that only `mine` has, by root. If `theirs` has a later
 * change of an entry, that entry is left out.
 */
function missingEntries(theirs: Y.Doc, mine: Y.Doc): Map<string, unknown> {
  if (!canWriteTable(theirs) || !canWriteTable(mine)) return new Map()
  const both = merge(Y.encodeStateAsUpdate(theirs), Y.encodeStateAsUpdate(mine))
  const known = readTable(theirs).entries
  const isSame = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other)
  return new Map(
    [...readTable(both).entries]
      .filter(([root, { written }]) => !isSame(written, known.get(root)?.written))
      .map(([root, { written }]) => [root, written]),
  )
}

/** Return the change that undoes `delta`. `text` is the text before `delta`. */
function inverse(delta: Delta, text: string): Delta {
  let at = 0
  return delta.map(({ retain = 0, delete: deleted = 0, insert }) => {
    at += retain + deleted
    if (typeof insert === "string") return { delete: insert.length }
    return deleted ? { insert: text.slice(at - deleted, at) } : { retain }
  })
}

/**
 * `delta` and `other` are changes of `text`. Return `delta` in a form that applies after `other`.
 */
function rebased(text: string, delta: Delta, other: Delta): Delta {
  const here = new Y.Doc()
  here.getText("").insert(0, text)
  const copy = merge(Y.encodeStateAsUpdate(here))
  here.getText("").applyDelta(delta)
  copy.getText("").applyDelta(other)
  return changes(copy, [""], Y.encodeStateAsUpdate(here)).get("") ?? []
}

/** Return the update of a whole document, without the structs of some clients. */
function without(clients: Iterable<number>, doc: Y.Doc): Uint8Array {
  const known = new Map([...clients].map((client) => [client, Number.MAX_SAFE_INTEGER]))
  return Y.diffUpdate(Y.encodeStateAsUpdate(doc), Y.encodeStateVector(known))
}

/**
 * Return the edits that were made in `mine` after `sent` was sent, as changes of the texts of
 * `theirs`. The document `theirs` already has the sending.
 *
 * `mine` has the old edits, and `theirs` has the same text under another client id. If the two were
 * merged, that text would be there twice.
 */
function editsSince(sent: Sending, theirs: Y.Doc, mine: Y.Doc): Map<string, Delta> {
  const [roots, clients] = [textRoots(mine), [...Y.parseUpdateMeta(sent.update).from.keys()]]
  // `taken` is the server's document with the old edits instead of the new ones. If both documents
  // have equal texts, a change of a text in `taken` also fits the text in `theirs`.
  const taken = merge(without(clients, theirs), sent.refused)
  const isSame = roots.every(
    (root) => taken.getText(root).toJSON() === theirs.getText(root).toJSON(),
  )
  const typed = changes(taken, roots, without(clients, mine))
  return isSame && !taken.store.pendingStructs ? typed : editsNextToBoth(sent, theirs, mine)
}

/**
 * Return the same as `editsSince` if somebody has typed into the text that was sent. `mine` has
 * that text twice, because the server has sent it back. The new edits are found in a document that
 * also has it twice. Then they are rebased to `theirs`, which has it once.
 */
function editsNextToBoth(sent: Sending, theirs: Y.Doc, mine: Y.Doc): Map<string, Delta> {
  const roots = textRoots(mine)
  const both = merge(Y.encodeStateAsUpdate(theirs))
  const doubled = changes(both, roots, sent.refused)
  const texts = new Map(roots.map((root) => [root, both.getText(root).toJSON()]))
  const typed = changes(both, roots, Y.encodeStateAsUpdate(mine))
  typed.forEach((delta, root) => {
    const back = inverse(doubled.get(root) ?? [], theirs.getText(root).toJSON())
    typed.set(root, rebased(texts.get(root) ?? "", delta, back))
  })
  return typed
}

/**
 * Return a sending with the text that only `mine` has. The server may already have an earlier
 * sending. So that one becomes an unchanged part of the new one, and sending it twice changes
 * nothing.
 */
export function newSending(theirs: Y.Doc, mine: Y.Doc, before: Sending | null): Sending {
  const known = Y.encodeStateVector(theirs)
  const made = merge(Y.encodeStateAsUpdate(theirs), ...(before ? [before.update] : []))
  const edits = before ? editsSince(before, made, mine) : missingEdits(made, mine)
  const entries = missingEntries(made, mine)
  made.transact(() => {
    edits.forEach((delta, root) => made.getText(root).applyDelta(delta))
    entries.forEach((entry, root) => made.getMap(TABLE_ROOT).set(root, entry))
  })
  const missing = Y.encodeStateAsUpdate(made, known)
  const refused = Y.encodeStateAsUpdate(mine, known)
  return {
    update: before ? Y.mergeUpdates([before.update, missing]) : missing,
    refused: before ? Y.mergeUpdates([before.refused, refused]) : refused,
  }
}

/** Whether a document has any struct of a sending. */
const hasSome = (doc: Y.Doc, { update }: Sending): boolean =>
  [...Y.parseUpdateMeta(update).from.keys()].some((client) => doc.store.clients.has(client))

/**
 * A connection for one sending. It does not reconnect. It reports when the server has saved the
 * edits.
 */
class Sender {
  readonly doc = new Y.Doc()
  readonly provider: WebsocketProvider
  private readonly counter = new SavedCounter()
  private readonly closed: Promise<never>
  private look: () => void = () => undefined

  /** refused: called when the server closes the connection because it refuses the sent edits. */
  constructor(serverUrl: string, sessionId: string, refused: () => void) {
    const { counter } = this
    class CountingSocket extends WebSocket {
      override send(data: Uint8Array<ArrayBuffer>): void {
        super.send(data)
        counter.sent(new Uint8Array(data))
      }
    }
    const provider = new WebsocketProvider(serverUrl, sessionId, this.doc, {
      params: { saved: "1" },
      disableBc: true,
      connect: false,
      WebSocketPolyfill: CountingSocket,
      shouldReconnect: ({ code }) => comesBack(code),
    })
    this.provider = provider
    provider.messageHandlers[SAVED] = (_encoder, decoder) => {
      counter.saved(
        decoding.readVarUint(decoding.createDecoder(decoding.readVarUint8Array(decoder))),
      )
      this.look()
    }
    provider.messageHandlers[2] = () => undefined // after a refusal, the connection is closed, too
    provider.awareness.setLocalState(null) // this connection must not be shown as a person
    provider.on("sync", () => this.look())
    provider.on("closed", ({ code }) => TOOK_NOTHING.includes(code) && refused())
    this.closed = new Promise((_done, failed) => {
      provider.on("connection-close", () => {
        provider.shouldConnect = false
        failed(new Error("the connection was closed"))
      })
    })
    this.closed.catch(() => undefined) // its rejection is no error while no code waits for it
  }

  /** Connect, and wait until `doc` has the server's whole document. */
  async connect(): Promise<void> {
    this.provider.connect()
    await this.until(() => this.provider.synced)
  }

  /** Send an update, and wait until the server has saved everything that was sent. */
  async send(update: Uint8Array): Promise<void> {
    Y.applyUpdate(this.doc, update)
    await this.until(() => this.counter.state(this.provider.synced) === "saved")
  }

  destroy(): void {
    this.provider.destroy()
    this.doc.destroy()
  }

  /**
   * Wait until a condition is true. Rejects if the connection ends first, or if TIMEOUT_MS pass.
   */
  private until(is: () => boolean): Promise<void> {
    const reached = new Promise<void>((done, failed) => {
      const late = setTimeout(() => failed(new Error("the server did not answer")), TIMEOUT_MS)
      this.look = () => {
        if (!is()) return
        clearTimeout(late)
        done()
      }
      this.look()
    })
    return Promise.race([reached, this.closed])
  }
}

/**
 * Send the text that only `mine` has. It uses a new connection and a new document. Wait until the
 * server has saved the text.
 *
 * unconfirmed: the record of an earlier sending, which the server may have. The new sending is kept
 * there until the server has saved it.
 *
 * Rejects if that fails. In that case, it has sent nothing, or the server has not confirmed the
 * text.
 */
export async function bringAsNew(
  mine: Y.Doc,
  serverUrl: string,
  sessionId: string,
  unconfirmed: Unconfirmed,
): Promise<void> {
  let afterRefusal = unconfirmed.read()
  const sender = new Sender(serverUrl, sessionId, () => unconfirmed.write(afterRefusal))
  try {
    await sender.connect()
    const before = afterRefusal
    if (before && !hasSome(sender.doc, before)) afterRefusal = null // refused, too
    const sending = newSending(sender.doc, mine, before)
    unconfirmed.write(sending)
    await sender.send(sending.update)
    unconfirmed.write(null)
  } finally {
    sender.destroy()
  }
}
