// Helpers for the makers of vectors: people with fixed client ids, the updates that they send, and dice.
import * as Y from 'yjs'

/** Return a generator of numbers from 0 to 1. The same seed gives the same numbers (mulberry32). */
export function dice(seed) {
  const roll = () => {
    seed = (seed + 0x6d2b79f5) | 0
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
  roll.below = count => Math.floor(roll() * count)
  roll.pick = list => list[roll.below(list.length)]
  return roll
}

export const hex = bytes => Buffer.from(bytes).toString('hex')
export const unhex = text => new Uint8Array(Buffer.from(text, 'hex'))
export const state = (doc, vector) => Y.encodeStateAsUpdate(doc, vector)
export const share = (from, to) => Y.applyUpdate(to, state(from, Y.encodeStateVector(to)))

/** Return a document that has these updates already. New edits in it have this client id. */
export function person(client, updates = [], options = {}) {
  const doc = new Y.Doc({ guid: 'doc-' + client, ...options })
  doc.clientID = 1
  for (const update of updates) Y.applyUpdate(doc, update)
  doc.clientID = client
  return doc
}

/** Return all updates that a function makes in a document, as a client would send them. */
export function live(doc, change) {
  const made = []
  const hear = update => made.push(update)
  doc.on('update', hear)
  change(doc)
  doc.off('update', hear)
  return made
}

/** Return the one update that a transaction makes. */
export const once = (doc, change) => live(doc, () => doc.transact(() => change(doc)))[0]

/**
 * Merge updates in groups of ten. One mergeUpdates of 21,000 updates takes half a minute, because
 * it sorts all of them for each update.
 */
export function mergedInTens(updates) {
  while (updates.length > 1) {
    updates = Array.from({ length: Math.ceil(updates.length / 10) }, (_, index) =>
      Y.mergeUpdates(updates.slice(10 * index, 10 * index + 10))
    )
  }
  return updates[0]
}

/**
 * Return the tools for the makers of one kind of vector. `add` takes a function that returns
 *   {base, baseBy, update, by, form, sender}: see vectors.mjs for the fields.
 */
export function begin(seed) {
  const roll = dice(seed)
  const recipes = []
  const ids = new Set()
  while (ids.size < 3) ids.add(1 + roll.below(2 ** 32 - 2))
  const [ADA, BOB, CY] = ids
  const add = (name, roots, note, make) => recipes.push({ name, roots, note, make })

  /** Add a vector of one transaction, in a new document or in one where `before` was run. */
  const one = (name, roots, note, change, before = null) =>
    add(name, roots, note, () => {
      const doc = person(ADA)
      const base = before ? live(doc, () => doc.transact(() => before(doc))) : []
      return { base, update: once(doc, change), form: 'live' }
    })

  /** Add this vector as a live edit and as an answer. Yjs encodes an answer from the document, not from the transaction. */
  const both = (name, roots, note, change, before = null) => {
    one(`${name}-live`, roots, note, change, before)
    add(`${name}-answer`, roots, note, () => {
      const doc = person(ADA)
      const base = before ? live(doc, () => doc.transact(() => before(doc))) : []
      const vector = Y.encodeStateVector(doc)
      doc.transact(() => change(doc))
      return { base, update: state(doc, vector), form: 'answer' }
    })
  }
  const typed = (client, words, root = 't') => {
    const doc = person(client)
    return live(doc, () => {
      for (const word of words) doc.getText(root).insert(doc.getText(root).length, word)
    })
  }
  return { recipes, roll, ADA, BOB, CY, add, one, both, typed }
}
