// A document as JSON. It also keeps the order of keys, -0, NaN, BigInt, undefined and bytes, which JSON cannot express.
import * as Y from 'yjs'

const hex = bytes => Buffer.from(bytes).toString('hex')
const byKey = (a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0)
const isOdd = number => !Number.isFinite(number) || Object.is(number, -0)

export function value(found) {
  if (found === undefined) return { $: 'undefined' }
  if (found === null || typeof found === 'boolean' || typeof found === 'string') return found
  if (typeof found === 'bigint') return { $: 'bigint', v: found.toString() }
  if (typeof found === 'number') {
    return isOdd(found) ? { $: 'number', v: Object.is(found, -0) ? '-0' : String(found) } : found
  }
  if (found instanceof Uint8Array) return { $: 'bytes', v: hex(found) }
  if (found instanceof Y.Doc) {
    return { $: 'doc', guid: found.guid, gc: found.gc, meta: value(found.meta), autoLoad: found.autoLoad }
  }
  if (found instanceof Y.AbstractType) return shared(found)
  if (Array.isArray(found)) return found.map(value)
  return { $o: Object.keys(found).map(key => [key, value(found[key])]) }
}

const pairs = all => all.map(([key, found]) => [key, value(found)]).sort(byKey)
const delta = type =>
  type
    .toDelta()
    .map(({ insert, attributes }) =>
      attributes ? { insert: value(insert), attributes: pairs(Object.entries(attributes)) } : { insert: value(insert) }
    )

export function shared(type) {
  if (type instanceof Y.XmlText)
    return { xmltext: delta(type), attributes: pairs(Object.entries(type.getAttributes())) }
  if (type instanceof Y.Text) return { text: delta(type), attributes: pairs(Object.entries(type.getAttributes())) }
  if (type instanceof Y.XmlHook) return { hook: type.hookName, map: pairs([...type.entries()]) }
  if (type instanceof Y.XmlElement) {
    const attributes = pairs(Object.entries(type.getAttributes()))
    return { element: type.nodeName, attributes, children: type.toArray().map(value) }
  }
  if (type instanceof Y.XmlFragment) return { fragment: type.toArray().map(value) }
  if (type instanceof Y.Map) return { map: pairs([...type.entries()]) }
  if (type instanceof Y.Array) return { array: type.toArray().map(value) }
  return { unknown: true }
}

const GET = { text: 'getText', map: 'getMap', array: 'getArray', xml: 'getXmlFragment' }

const root = (doc, name, kind) => (kind === 'xmltext' ? doc.get(name, Y.XmlText) : doc[GET[kind]](name))

export function clocks(encoded) {
  return Object.fromEntries([...Y.decodeStateVector(encoded)].sort((a, b) => a[0] - b[0]))
}

/** Return {json, text, stateVector, missing, pendingDs} of a document. roots: {name: 'text' | 'xmltext' | 'map' | …} */
export function look(doc, roots) {
  const json = {}
  const text = {}
  for (const [name, kind] of Object.entries(roots)) {
    const type = root(doc, name, kind)
    json['root:' + name] = shared(type)
    if (kind === 'text') text['root:' + name] = type.toString()
  }
  const missing = {}
  if (doc.store.pendingStructs) for (const [client, clock] of doc.store.pendingStructs.missing) missing[client] = clock
  const stateVector = clocks(Y.encodeStateVector(doc))
  return { json, text, stateVector, missing, pendingDs: doc.store.pendingDs !== null }
}

/** Return a new document that has taken these updates. */
export function load(updates, options = {}) {
  const doc = new Y.Doc({ guid: 'reader', ...options })
  doc.clientID = 77
  for (const update of updates) Y.applyUpdate(doc, update)
  return doc
}

/** Replace each half of a character in JSON by U+FFFD, as Yjs does when it encodes an update. */
export const wellFormed = json => json.replace(/\\ud[89a-f][0-9a-f]{2}/g, '\ufffd')

/** Return a message with the first difference of two JSON texts, or null if they are equal. */
export function difference(found, wanted, change = json => json) {
  const a = change(JSON.stringify(found))
  const b = change(JSON.stringify(wanted))
  if (a === b) return null
  let at = 0
  while (at < a.length && a[at] === b[at]) at++
  const from = Math.max(0, at - 30)
  return `has ${a.slice(from, at + 60)}, should have ${b.slice(from, at + 60)}`
}
