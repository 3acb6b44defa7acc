// A client with its own code for the sync protocol. It sends the bytes of a vector, and answers
// questions as Yjs does.
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import WebSocket from 'ws'
import * as Y from 'yjs'

const SYNC = 0
const STEP1 = 0
const STEP2 = 1
const UPDATE = 2
const NET = 'net'
const PATIENCE_MS = 60_000

export class Wire {
  /** doc: this client's document. It answers the server's questions and takes the server's updates. */
  constructor(url, doc) {
    this.doc = doc
    this.asked = 0
    this.answers = 0
    this.closed = null
    this.serverVector = null
    this.wakers = []
    this.socket = new WebSocket(url)
    this.socket.binaryType = 'arraybuffer'
    this.socket.on('message', data => this.take(new Uint8Array(data)))
    this.socket.on('error', () => {})
    this.socket.on('close', (code, reason) => {
      this.closed = `${code} ${reason}`
      this.wake()
    })
    this.opened = new Promise(resolve => this.socket.once('open', resolve))
  }

  wake() {
    for (const waker of this.wakers.splice(0)) waker()
  }

  send(kind, payload) {
    const encoder = encoding.createEncoder()
    encoding.writeVarUint(encoder, SYNC)
    encoding.writeVarUint(encoder, kind)
    encoding.writeVarUint8Array(encoder, payload)
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(encoding.toUint8Array(encoder))
  }

  give(form, update) {
    this.send(form === 'live' ? UPDATE : STEP2, update)
  }

  take(frame) {
    const decoder = decoding.createDecoder(frame)
    if (decoding.readVarUint(decoder) !== SYNC) return
    const kind = decoding.readVarUint(decoder)
    const payload = decoding.readVarUint8Array(decoder)
    if (kind === STEP1) {
      this.asked++
      this.serverVector ??= payload
      this.send(STEP2, Y.encodeStateAsUpdate(this.doc, payload))
      return
    }
    Y.applyUpdate(this.doc, payload, NET)
    if (kind === STEP2) {
      this.answers++
      this.wake()
    }
  }

  /** Wait until the server has handled all frames of this client, and this client has all updates of others. */
  async settle() {
    await Promise.race([this.opened, new Promise(resolve => this.wakers.push(resolve))])
    for (let asked = -1; asked !== this.asked && !this.closed;) {
      asked = this.asked
      const wanted = this.answers + 1
      const deadline = Date.now() + PATIENCE_MS
      this.send(STEP1, Y.encodeStateVector(this.doc))
      while (this.answers < wanted && !this.closed && Date.now() < deadline) {
        await new Promise(resolve => {
          this.wakers.push(resolve)
          setTimeout(resolve, 1000).unref()
        })
      }
      if (this.answers < wanted && !this.closed) this.closed = 'no answer to a question'
    }
    return this
  }

  async leave() {
    this.socket.close()
    return this
  }
}
