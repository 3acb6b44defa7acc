// Sends a vector (vectors.mjs) to a server's socket, and checks the document of each client.
import * as Y from 'yjs'
import { clocks, difference, load, look } from './look.mjs'
import { unhex } from './vectors/making.mjs'
import { Wire } from './wire.mjs'

const WATCHER = 'watcher'

/**
 * Return a text about the first fault of a document, or null. If Yjs would wait for structs, the
 * document is compared after the answer.
 */
function wrong(doc, { roots, expect }) {
  const { json, stateVector, missing, pendingDs } = look(doc, roots)
  const isWhole = Object.keys(expect.missing).length === 0 && !expect.pendingDs
  const fitting = expect.asked ? (isWhole ? [expect, expect.asked] : [expect.asked]) : [expect]
  const found = { json, stateVector }
  if (Object.keys(missing).length || pendingDs) return `waits for ${JSON.stringify(missing)}`
  const problems = fitting.map(one => difference(found, { json: one.json, stateVector: one.stateVector }))
  return problems.includes(null) ? null : problems[0]
}

class Play {
  constructor({ url, room, tokens }) {
    this.address = name => `${url}/${room}?token=${tokens[name]}`
    this.senders = {}
    this.closes = []
  }

  async client(name, doc) {
    const wire = new Wire(this.address(name), doc)
    await wire.settle()
    return wire
  }

  async sender(name) {
    this.senders[name] ??= await this.client(name, new Y.Doc())
    return this.senders[name]
  }

  /** Send an update as a client whose document has it. `state` is its whole document, if that has more. */
  async give(name, form, update, state = null) {
    const sender = await this.sender(name)
    sender.give(form, update)
    Y.applyUpdate(sender.doc, state ?? update)
    if (state) Y.applyUpdate(sender.doc, update)
    await sender.settle()
  }

  note(who, wire) {
    if (wire.closed) this.closes.push(`${who}: ${wire.closed}`)
  }

  /** Let all senders reconnect with their documents, and synchronize again. */
  async return() {
    for (const [name, sender] of Object.entries(this.senders)) {
      await sender.leave()
      this.senders[name] = await this.client(name, sender.doc)
      this.note(name + ' again', this.senders[name])
    }
  }
}

const GUID = 'reader'
const reader = () => new Y.Doc({ guid: GUID })

export async function play({ vector, form, ...place }) {
  const game = new Play(place)
  const watcher = await game.client(WATCHER, reader())
  const { base, baseBy, by, update, sender } = vector
  for (const [index, known] of base.entries()) await game.give(baseBy[index], 'answer', unhex(known))
  await game.give(by, form, unhex(update), sender ? unhex(sender) : null)
  await watcher.settle()
  for (const [name, one] of Object.entries(game.senders)) game.note(name, one)
  game.note(WATCHER, watcher)
  // No real client sends a live edit as an answer. So the server need not ask for structs that such
  // an answer lacks.
  const isOdd = form === 'answer' && vector.form === 'live'
  if ((isOdd || hasHole(base)) && wrong(watcher.doc, vector)) {
    await game.return()
    await watcher.settle()
  }
  const there = wrong(watcher.doc, vector)
  const newcomer = await join({ vector, ...place })
  await watcher.leave()
  for (const one of Object.values(game.senders)) await one.leave()
  return { closes: game.closes, watcher: there, ...newcomer }
}

function hasHole(base) {
  const { store } = load(base.map(unhex))
  return store.pendingStructs !== null || store.pendingDs !== null
}

/** Check the document of a client that joins afterwards, and the state vector that the server sends. */
export async function join({ vector, ...place }) {
  const game = new Play(place)
  const newcomer = await game.client(WATCHER, reader())
  game.note('newcomer', newcomer)
  const told = newcomer.serverVector && clocks(newcomer.serverVector)
  const has = clocks(Y.encodeStateVector(newcomer.doc))
  await newcomer.leave()
  return { newcomer: wrong(newcomer.doc, vector) ?? game.closes[0] ?? null, vector: difference(told, has) }
}
