// Random histories of documents with every kind of value that Yjs can hold, made by several clients of one document.
import * as Y from 'yjs'

const hex = bytes => Buffer.from(bytes).toString('hex')
const HALF = '\ud83c'

export const randomBelow = seed => n => {
  seed = (seed + 0x6d2b79f5) | 0
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return Math.floor(((t ^ (t >>> 14)) >>> 0) / 4294967296 * n)
}

const WORDS = ['a', 'plain', 'é', '😀', 'a😀b', '👨‍👩‍👧', '中文', 'line\n', '']
let words = WORDS
const NUMBERS = [0, -0, 1, -1, 63, 64, -64, 2 ** 31, -(2 ** 31), 2 ** 53, -(2 ** 53), 2 ** 63, 1e300, 0.1, 0.5, NaN, Infinity, -Infinity]
const BIGINTS = [10n, -1n, 2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n), 1234567890123456789n]

// Returns a value as applications put it into maps and arrays, or with `isJson` into embeds and formats.
const value = (below, isJson, depth = 3) => {
  const pick = from => from[below(from.length)]
  switch (below(depth ? 9 : 6)) {
    case 0: return pick(NUMBERS)
    case 1: return isJson ? pick([2 ** 63, 2 ** 64, 1e21]) : pick([undefined, new Uint8Array([0, 255, 128])])
    case 2: return pick([null, true, false])
    case 3: return pick(words) + (isJson ? pick(['', HALF, '\udc00']) : '')
    case 4: return isJson ? pick(words) : { big: pick(BIGINTS) }
    case 5: return pick([[], {}])
    case 6: return Array.from({ length: below(4) }, () => value(below, isJson, depth - 1))
    default: return Object.fromEntries(['title', 'first', 'second', 'last', '0', 'é'].slice(below(6)).map(key => [key, value(below, isJson, depth - 1)]))
  }
}

const TYPES = [
  () => new Y.Map(), () => new Y.Array(), () => new Y.Text('in'), () => new Y.XmlElement('p'), () => new Y.XmlText('xml'),
  () => new Y.XmlFragment(), () => new Y.XmlHook('widget')
]

const changeText = (text, below) => {
  const at = below(text.length + 1)
  switch (below(6)) {
    case 0: return text.insertEmbed(at, { image: value(below, true) })
    case 1: return text.length && text.format(at, below(text.length - at + 1), { bold: value(below, true) })
    case 2: return at < text.length && text.delete(at, 1 + below(Math.min(4, text.length - at)))
    case 3: return text.insert(at, words[below(words.length)] || 'x', { note: value(below, true) })
    default: return text.insert(at, words[below(words.length)] || 'x')
  }
}

const changeMap = (map, below) => {
  const key = 'k' + below(4)
  switch (below(6)) {
    case 0: return map.delete(key)
    case 1: return map.set(key, below(2) ? BIGINTS[below(BIGINTS.length)] : TYPES[below(TYPES.length)]())
    case 2: return map.set(key, new Y.Doc({ guid: 'guid' + below(9), meta: { title: 'x' } }))
    default: return map.set(key, value(below, false))
  }
}

const changeArray = (array, below) => {
  const at = below(array.length + 1)
  switch (below(6)) {
    case 0: return at < array.length && array.delete(at, 1 + below(Math.min(3, array.length - at)))
    case 1: return array.insert(at, [TYPES[below(TYPES.length)]()])
    case 2: return array.insert(at, [new Uint8Array([1, 2, below(255)])])
    default: return array.insert(at, Array.from({ length: 1 + below(3) }, () => value(below, false) ?? null))
  }
}

const changeXml = (xml, below) => {
  const at = below(xml.length + 1)
  switch (below(4)) {
    case 0: return at < xml.length && xml.delete(at, 1)
    case 1: return xml.insert(at, [new Y.XmlText('text')])
    case 2: return xml.length && xml.get(0).setAttribute && xml.get(0).setAttribute('level', value(below, false))
    default: return xml.insert(at, [new Y.XmlElement('p')])
  }
}

const inside = (type, below) => {
  if (type instanceof Y.XmlHook) return type.set('state', value(below, false))
  if (type instanceof Y.Text) return changeText(type, below)
  if (type instanceof Y.Map) return changeMap(type, below)
  if (type instanceof Y.Array) return changeArray(type, below)
  if (type instanceof Y.XmlFragment) return changeXml(type, below)
}

const change = (doc, below) => {
  const map = doc.getMap('map')
  const array = doc.getArray('array')
  switch (below(6)) {
    case 0: case 1: return changeText(doc.getText('text'), below)
    case 2: return changeMap(map, below)
    case 3: return changeArray(array, below)
    case 4: return changeXml(doc.getXmlFragment('xml'), below)
    default: return inside([...map.values(), ...array.toArray()][below(map.size + array.length)], below)
  }
}

// Returns the updates of `clients` that make `edits` changes, and the final state of each client's document. The clients
// sometimes receive each other's edits. Some have gc: false, and some undo.
const history = ({ seed, clients, edits, isWhole }) => {
  words = isWhole ? WORDS.filter(word => !/[\ud800-\udfff]/.test(word)) : WORDS
  const below = randomBelow(seed)
  const updates = []
  const docs = Array.from({ length: clients }, (_, i) => {
    const doc = new Y.Doc({ gc: below(4) > 0, guid: 'doc' })
    doc.clientID = 1 + below(2 ** 32 - 1)
    doc.undo = below(2) ? new Y.UndoManager(doc.getMap('map')) : null
    doc.on('update', (update, origin) => origin !== 'heard' && updates.push(hex(update)))
    return doc
  })
  for (let i = 0; i < edits; i++) {
    const doc = docs[below(clients)]
    doc.transact(() => { for (let n = below(3); n >= 0; n--) change(doc, below) })
    if (doc.undo && below(6) === 0) doc.undo.undo()
    const other = docs[below(clients)]
    if (below(3) === 0) Y.applyUpdate(other, Y.encodeStateAsUpdate(doc, Y.encodeStateVector(other)), 'heard')
  }
  const all = docs.map(doc => hex(Y.encodeStateAsUpdate(doc)))
  const vectors = docs.map(doc => hex(Y.encodeStateVector(doc)))
  return { updates, states: all, vectors }
}

// -- reading a document, so that different values always look different ---------------------------

const seen = v => {
  if (v === undefined) return { $: 'undefined' }
  if (v === null || typeof v === 'boolean' || typeof v === 'string') return v
  if (typeof v === 'bigint') return { $: v + 'n' }
  if (typeof v === 'number') return Number.isFinite(v) && !Object.is(v, -0) ? v : { $: Object.is(v, -0) ? '-0' : String(v) }
  if (v instanceof Uint8Array) return { $: hex(v) }
  if (v instanceof Y.Doc) return { guid: v.guid, meta: seen(v.meta) }
  if (v instanceof Y.AbstractType) return seenType(v)
  return Array.isArray(v) ? v.map(seen) : { $: Object.entries(v).map(([key, item]) => [key, seen(item)]) }
}
const byKey = ([a], [b]) => (a < b ? -1 : 1)
const entries = pairs => [...pairs].map(([key, item]) => [key, seen(item)]).sort(byKey)
const seenType = type => {
  if (type instanceof Y.Text) return { text: type.toDelta().map(({ insert, attributes = {} }) => [seen(insert), entries(Object.entries(attributes))]), keys: entries(Object.entries(type.getAttributes())) }
  if (type instanceof Y.Map) return { hook: type.hookName, map: entries(type.entries()) }
  if (type instanceof Y.Array) return { array: type.toArray().map(seen) }
  return { name: type.nodeName, keys: type.getAttributes && entries(Object.entries(type.getAttributes())), nodes: type.toArray().map(seen) }
}

// Returns the visible content of a document with such a history.
export const look = doc => [doc.getText('text'), doc.getMap('map'), doc.getArray('array'), doc.getXmlFragment('xml')].map(seenType)

export const ACTIONS = { history }
