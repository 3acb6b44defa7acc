// Yjs documents with stock providers of three versions, and a record of their connections.
import WebSocket from 'ws'
import * as Y from 'yjs'
import * as version1 from 'y-websocket-1'
import * as version2 from 'y-websocket-2'
import * as version3 from 'y-websocket'
import { difference, look, wellFormed } from './look.mjs'

const providers = {
  1: version1.WebsocketProvider,
  2: version2.WebsocketProvider,
  3: version3.WebsocketProvider
}
// when y-websocket sends its regular messages, it reads the states of a socket from this global
globalThis.WebSocket ??= WebSocket

const RESTART = 1012
const clients = new Map()

export const client = name => clients.get(name)

function socketOf(one) {
  return class extends WebSocket {
    constructor(...args) {
      super(...args)
      one.attempts++
      this.on('close', (code, reason) => one.closes.push([code, reason.toString()]))
      this.on('error', () => {})
    }
  }
}

export const actions = {
  /** Make a document. updates: the updates that it has from the beginning, in hex. */
  open({ name, updates = [], clientID, gc = true }) {
    const doc = new Y.Doc({ gc })
    for (const update of updates) Y.applyUpdate(doc, Buffer.from(update, 'hex'))
    if (clientID) doc.clientID = clientID
    clients.set(name, { name, doc, provider: null, attempts: 0, closes: [], editors: {} })
  },
  connect({ name, url, room, token, version = 3, tabs = null, ...options }) {
    if (!clients.has(name)) actions.open({ name })
    const one = clients.get(name)
    one.provider?.destroy()
    one.provider = new providers[version](url, room, one.doc, {
      params: { token },
      disableBc: true,
      maxBackoffTime: 400,
      WebSocketPolyfill: socketOf(one),
      ...options
    })
    if (tabs) {
      one.provider.disableBc = false
      one.provider.bcChannel = tabs
      one.provider.connectBc()
    }
  },
  offline: ({ name }) => clients.get(name).provider.disconnect(),
  online: ({ name }) => clients.get(name).provider.connect(),
  /** End the socket without a close frame, as a lost mobile connection does. */
  cut: ({ name }) => clients.get(name).provider.ws?.terminate?.(),
  token: ({ name, token }) => {
    clients.get(name).provider.params.token = token
  },
  destroy({ name }) {
    const one = clients.get(name)
    for (const editor of Object.values(one.editors)) editor.destroy()
    one.provider?.destroy()
    one.doc.destroy()
    clients.delete(name)
  },
  state({ name }) {
    const { provider, doc, attempts, closes } = clients.get(name)
    const refusals = closes.filter(([code]) => code >= 1000 && code !== RESTART && code !== 1005 && code !== 1006)
    return {
      synced: provider.synced,
      connected: provider.wsconnected,
      comesBack: provider.shouldConnect,
      attempts,
      closes,
      refusals,
      pending: doc.store.pendingStructs !== null || doc.store.pendingDs !== null,
      clientID: doc.clientID
    }
  },
  stateUpdate: ({ name }) => Buffer.from(Y.encodeStateAsUpdate(clients.get(name).doc)).toString('hex'),
  look: ({ name, roots }) => look(clients.get(name).doc, roots),
  /**
   * For each further document, return its difference from the first one, or null if they are equal.
   * Halves of characters are replaced before the comparison, because only the author's document can
   * have them.
   */
  compare({ names, roots }) {
    const [first, ...others] = names.map(name => look(clients.get(name).doc, roots))
    return others.map(other => difference(other, first, wellFormed))
  },
  presence: ({ name, field, value }) => clients.get(name).provider.awareness.setLocalStateField(field, value),
  others: ({ name }) => clients.get(name).provider.awareness.getStates().size - 1
}
