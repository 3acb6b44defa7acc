// Real Socket.IO clients that send whole texts, like front ends of the original backend.
import { io } from 'socket.io-client'

const clients = new Map()

function socketOf ({ url, token, transports, headers, ...options }) {
  return io(url, {
    transports, forceNew: true, reconnectionDelay: 50, reconnectionDelayMax: 200,
    ...(token ? { auth: { token } } : {}), ...(headers ? { extraHeaders: headers } : {}), ...options
  })
}

const replace = (text, at, length, put) => text.slice(0, at) + put + text.slice(at + length)

function show (client, code, lateMs) {
  if (lateMs) setTimeout(() => { client.code = code }, lateMs)
  else client.code = client.end === '\r\n' ? code.replace(/\r?\n/g, '\r\n') : code
}

export const actions = {
  // resolves when the client is signed in or refused
  eventsConnect ({ name, end = '\n', lateMs = 0, ...options }) {
    const socket = socketOf(options)
    const client = { socket, code: null, end, log: [], session: null, errors: [], connects: 0, received: 0 }
    clients.set(name, client)
    socket.onAny((event, ...args) => {
      if (event === 'receive-code') {
        client.received++
        show(client, args[0], lateMs)
      } else client.log.push([event, ...args])
    })
    socket.on('disconnect', reason => client.log.push(['disconnect', reason]))
    return new Promise(resolve => {
      socket.on('connect', () => { client.connects++; resolve({ ok: true }) })
      socket.on('connect_error', error => {
        client.errors.push([error.message, error.data ?? null])
        if (error.data || !options.keepTrying) resolve({ ok: false, message: error.message, data: error.data ?? null })
      })
    })
  },
  // emit and wait for the acknowledgement
  eventsAsk: ({ name, event, args }) => clients.get(name).socket.timeout(20_000).emitWithAck(event, ...args),
  eventsEmit ({ name, event, args }) { clients.get(name).socket.emit(event, ...args) },
  async eventsJoin ({ name, session }) {
    const client = clients.get(name)
    client.session = session
    return client.socket.timeout(20_000).emitWithAck('join-session', session)
  },
  // edits the text that is shown, and sends the whole text
  eventsType ({ name, at, length = 0, text = '' }) {
    const client = clients.get(name)
    client.code = replace(client.code, at ?? client.code.length, length, text)
    client.socket.emit('code-change', { sessionId: client.session, code: client.code })
  },
  eventsScramble ({ name, words, mark, everyMs }) {
    const client = clients.get(name)
    let typed = 0
    return new Promise(resolve => {
      const timer = setInterval(() => {
        if (typed === words) {
          clearInterval(timer)
          return resolve(typed)
        }
        const places = [...client.code.matchAll(/>|^/g)].map(found => found.index + found[0].length)
        const at = places[Math.floor(Math.random() * places.length)]
        const word = `<${mark}${typed++}>` + (Math.random() < 0.2 ? client.end : '')
        client.code = replace(client.code, at, 0, word)
        client.socket.emit('code-change', { sessionId: client.session, code: client.code })
      }, everyMs)
    })
  },
  eventsState: ({ name }) => {
    const { socket, code, log, errors, connects, received } = clients.get(name)
    return { connected: socket.connected, transport: socket.io.engine?.transport?.name, code, log, errors, connects, received }
  },
  // breaks the connection without a message, as a lost network does; the client reconnects by itself
  eventsCut: ({ name }) => { clients.get(name).socket.io.engine.close() },
  eventsClose: ({ name }) => { clients.get(name).socket.disconnect() },
  eventsReopen: ({ name }) => { clients.get(name).socket.connect() }
}
