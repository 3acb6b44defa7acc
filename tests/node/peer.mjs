// Real Yjs clients for tests. The program reads one JSON command per line and answers each with one JSON line:
// {"id": 1, "do": "connect", "name": "a", ...} -> {"id": 1, "ok": value} or {"id": 1, "error": text}
import fs from 'node:fs'
import readline from 'node:readline'
import zlib from 'node:zlib'
import WebSocket from 'ws'
import * as Y from 'yjs'
import * as newest from 'y-websocket'
import * as oldest from 'y-websocket-1'
import * as middle from 'y-websocket-2'
import * as decoding from 'lib0/decoding'
import { actions as events } from './events.mjs'
import { patcher } from './patches.mjs'
import { SCENES, shown } from './scenes.mjs'

const providers = { 1: oldest.WebsocketProvider, 2: middle.WebsocketProvider, 3: newest.WebsocketProvider }
globalThis.WebSocket ??= WebSocket // y-websocket's `resyncInterval` reads the constants of this global
const MOST_QUEUED = 1 << 20 // in bytes; while people type, queues are not larger
const clients = new Map()

function makeClient ({ name, root = 'codemirror', clientID }) {
  const doc = new Y.Doc()
  if (clientID) doc.clientID = clientID
  const client = {
    name, doc, root, text: doc.getText(root), provider: null, attempts: 0, closes: [], saved: 0, sent: 0,
    denied: [], gone: null, received: 0, typed: 0, typedSaved: 0, sends: [], delays: []
  }
  // counts the sync updates that this client has given to its socket; `saved` has the same count
  client.count = data => {
    if (data[0] === 0 && data[1] > 0) {
      client.sent++
      client.sends.push([performance.now(), client.typed])
    }
  }
  client.wasSaved = count => {
    for (; client.saved < count; client.saved++) {
      const [at, typed] = client.sends[client.saved]
      client.delays.push(performance.now() - at)
      client.typedSaved = typed
    }
  }
  clients.set(name, client)
  return client
}

function socketOf (client) {
  return class extends WebSocket {
    constructor (...args) {
      super(...args)
      client.attempts++
      client.sent = 0
      client.saved = 0
      client.sends = []
      this.on('close', (code, reason) => client.closes.push([code, reason.toString(), Date.now()]))
      this.on('message', () => { client.received++ })
      this.on('error', () => {})
    }

    send (data, ...rest) {
      client.count(new Uint8Array(data))
      super.send(data, ...rest)
    }
  }
}

const actions = {
  ...events,
  open: options => { makeClient(options) },
  connect ({ name, url, room, token, ticket, version = 3, saved = false, maxBackoffTime, resyncInterval, ...options }) {
    const client = clients.get(name) ?? makeClient({ name, ...options })
    const params = { ...(ticket ? { ticket } : { token }), ...(saved ? { saved: '1' } : {}) }
    const Provider = providers[version]
    client.provider = new Provider(url, room, client.doc, {
      params, disableBc: true, WebSocketPolyfill: socketOf(client), ...(maxBackoffTime ? { maxBackoffTime } : {}), ...(resyncInterval ? { resyncInterval } : {})
    })
    client.provider.messageHandlers[102] = (_encoder, decoder) => {
      client.wasSaved(decoding.readVarUint(decoding.createDecoder(decoding.readVarUint8Array(decoder))))
    }
    client.provider.messageHandlers[2] = (_encoder, decoder) => {
      decoding.readVarUint(decoder)
      client.denied.push(decoding.readVarString(decoder))
    }
    client.provider.on('closed', event => { client.gone = event?.code ?? true })
  },
  disconnect: ({ name }) => clients.get(name).provider.disconnect(),
  reconnect: ({ name }) => clients.get(name).provider.connect(),
  // sets the token of later connections; the address must be set, too, because version 1 of
  // y-websocket makes it only once
  token ({ name, token }) {
    const { provider } = clients.get(name)
    if (provider.params) provider.params.token = token
    else provider.url = provider.url.replace(/token=[^&]*/, `token=${token}`)
  },
  // sends messages that no provider sends: binary ones given in hex, or a text message
  raw ({ name, messages = [], text = null }) {
    const { ws } = clients.get(name).provider
    for (const message of messages) ws.send(Buffer.from(message, 'hex'))
    if (text !== null) ws.send(text)
  },
  destroy ({ name }) {
    clients.get(name).provider?.destroy()
    clients.delete(name)
  },
  insert ({ name, at, text }) {
    const { text: target } = clients.get(name)
    target.insert(at ?? target.length, text)
  },
  remove: ({ name, at, length }) => clients.get(name).text.delete(at, length),
  text: ({ name }) => clients.get(name).text.toString(),
  state: ({ name }) => {
    const { provider, attempts, closes, saved, sent, denied, gone, received, doc } = clients.get(name)
    return {
      synced: provider.synced, connected: provider.wsconnected, attempts, closes, saved, sent, denied, gone, received,
      comesBack: provider.shouldConnect, pending: doc.store.pendingStructs !== null, clientID: doc.clientID
    }
  },
  scene ({ name, scene, text }) { SCENES[scene](clients.get(name).doc, text) },
  shown ({ name }) { return shown(clients.get(name).doc) },
  presence ({ name, state }) { clients.get(name).provider.awareness.setLocalState(state) },
  field ({ name, field, value }) { clients.get(name).provider.awareness.setLocalStateField(field, value) },
  states: ({ name }) => Object.fromEntries(clients.get(name).provider.awareness.getStates()),
  // types words until `stop`; each word is unique, so that a test can see doubled words
  type ({ name, everyMs, mark }) {
    const client = clients.get(name)
    client.timer = setInterval(() => {
      const word = `<${mark}${client.typed++}>`
      client.text.insert(Math.floor(Math.random() * 3) === 0 ? 0 : client.text.length, word)
    }, everyMs)
  },
  stop ({ name }) {
    const client = clients.get(name)
    clearInterval(client.timer)
    return client.typed
  },
  typed ({ name }) {
    const { typed, typedSaved, delays } = clients.get(name)
    return { typed, typedSaved, delays }
  },
  // makes `edits` random edits without a pause
  scramble ({ name, edits, alphabet }) {
    const { text } = clients.get(name)
    const letters = [...alphabet]
    for (let i = 0; i < edits; i++) {
      if (text.length > 20 && Math.random() < 0.4) {
        const at = Math.floor(Math.random() * (text.length - 3))
        text.delete(at, 1 + Math.floor(Math.random() * 3))
      } else {
        const at = Math.floor(Math.random() * (text.length + 1))
        text.insert(at, letters[Math.floor(Math.random() * letters.length)])
      }
    }
  },
  // replays a recorded session, with one update for each edit
  async replay ({ name, file, everyEdits }) {
    const { text, provider } = clients.get(name)
    const { txns, endContent } = JSON.parse(zlib.gunzipSync(fs.readFileSync(file)))
    let edits = 0
    const patch = patcher(txns)
    for (const { patches } of txns) {
      for (const one of patches) {
        text.doc.transact(() => patch(text, one))
        if (++edits % everyEdits === 0) {
          do await new Promise(resolve => setImmediate(resolve))
          while (provider.ws?.bufferedAmount > MOST_QUEUED)
        }
      }
    }
    return { edits, same: text.toString() === endContent }
  },
  digest: async ({ name }) => {
    const { createHash } = await import('node:crypto')
    return createHash('sha256').update(clients.get(name).text.toString()).digest('hex')
  },
  // applies logged updates one after the other, and returns the text after each
  fold ({ updates, root = 'codemirror' }) {
    const doc = new Y.Doc()
    return updates.map(update => {
      Y.applyUpdate(doc, Buffer.from(update, 'hex'))
      return doc.getText(root).toString()
    })
  },
  // applies logged updates one after the other; returns, for each unit of the text, the update
  // that inserted it
  origins ({ updates, root = 'codemirror' }) {
    const doc = new Y.Doc()
    const brought = new Map()
    updates.forEach((update, index) => {
      Y.applyUpdate(doc, Buffer.from(update, 'hex'))
      for (const [client, after] of Y.decodeStateVector(Y.encodeStateVector(doc))) {
        const known = brought.get(client) ?? []
        while (known.length < after) known.push(index)
        brought.set(client, known)
      }
    })
    const found = []
    for (let item = doc.getText(root)._start; item; item = item.right) {
      if (item.deleted || !item.countable) continue
      for (let unit = 0; unit < item.length; unit++) found.push(brought.get(item.id.client)[item.id.clock + unit])
    }
    return { text: doc.getText(root).toString(), found }
  },
  stateUpdate: ({ name }) => Buffer.from(Y.encodeStateAsUpdate(clients.get(name).doc)).toString('hex')
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  const { id, do: action, ...options } = JSON.parse(line)
  Promise.resolve()
    .then(() => actions[action](options))
    .then(ok => ({ id, ok: ok ?? null }), error => ({ id, error: String(error?.stack ?? error) }))
    .then(answer => process.stdout.write(JSON.stringify(answer) + '\n'))
}
process.exit(0)
