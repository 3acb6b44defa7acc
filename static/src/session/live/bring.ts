// Text that the server refuses for good, brought again as new edits: what the document holds, under a new client id.
import * as decoding from "lib0/decoding"
import { WebsocketProvider } from "y-websocket"
import * as Y from "yjs"
import { SavedCounter } from "./saved"

const SAVED = 102
const TIMEOUT_MS = 20_000

type Delta = Y.YTextEvent["delta"]

/**
 * What one document has and another lacks, as changes of the other's texts. Merged as Yjs would have merged it, had the
 * server taken it.
 */
export function missingEdits(theirs: Y.Doc, mine: Y.Doc): Map<string, Delta> {
  const merged = new Y.Doc()
  Y.applyUpdate(merged, Y.encodeStateAsUpdate(theirs))
  const edits = new Map<string, Delta>()
  for (const [root, type] of mine.share)
    if (type instanceof Y.Text) merged.getText(root).observe((event) => edits.set(root, event.delta))
  Y.applyUpdate(merged, Y.encodeStateAsUpdate(mine))
  merged.destroy()
  return edits
}

/** Resolve when `is` is true after some event, reject after a while. */
function until(is: () => boolean, listen: (look: () => void) => void): Promise<void> {
  return new Promise((done, failed) => {
    const late = setTimeout(() => failed(new Error("the server did not answer")), TIMEOUT_MS)
    const look = () => {
      if (!is()) return
      clearTimeout(late)
      done()
    }
    listen(look)
    look()
  })
}

/**
 * Send what `mine` has more than the server, by a connection and a document of its own, and wait until it is saved.
 *
 * Raises an error if that does not work; then nothing was sent, or the server did not say that it has it.
 */
export async function bringAsNew(mine: Y.Doc, serverUrl: string, sessionId: string): Promise<void> {
  const fresh = new Y.Doc()
  const counter = new SavedCounter()
  let told: () => void = () => undefined
  class CountingSocket extends WebSocket {
    override send(data: Uint8Array<ArrayBuffer>): void {
      super.send(data)
      counter.sent(new Uint8Array(data))
    }
  }
  const provider = new WebsocketProvider(serverUrl, sessionId, fresh, {
    params: { saved: "1" },
    disableBc: true,
    connect: false,
    WebSocketPolyfill: CountingSocket,
    shouldReconnect: () => false,
  })
  provider.messageHandlers[SAVED] = (_encoder, decoder) => {
    counter.saved(decoding.readVarUint(decoding.createDecoder(decoding.readVarUint8Array(decoder))))
    told()
  }
  provider.messageHandlers[2] = () => undefined // a refusal ends the connection too
  try {
    provider.awareness.setLocalState(null) // nobody has come in
    const isIn = until(
      () => provider.synced,
      (look) => provider.on("sync", look),
    )
    provider.connect()
    await isIn
    const edits = missingEdits(fresh, mine)
    fresh.transact(() => edits.forEach((delta, root) => fresh.getText(root).applyDelta(delta)))
    await until(
      () => counter.state(provider.synced) === "saved",
      (look) => (told = look),
    )
  } finally {
    provider.destroy()
    fresh.destroy()
  }
}
