// Makes random documents with roots of all types, and returns how Yjs shows them. The clients
// sometimes receive each other's edits.
import * as Y from 'yjs'

const random = seed => () => { // mulberry32
  seed = seed + 0x6D2B79F5 | 0
  let t = Math.imul(seed ^ seed >>> 15, 1 | seed)
  t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t
  return ((t ^ t >>> 14) >>> 0) / 4294967296
}

const maker = next => {
  const pick = list => list[Math.floor(next() * list.length)]
  const word = () => pick(['a', 'Ünï', '😀', 'two words', '<b>', '"', '', 'long '.repeat(9)])
  const value = depth => pick([
    () => word(), () => Math.floor(next() * 1e6) - 5e5, () => next() * 10 ** Math.floor(next() * 40 - 20), () => null, () => true,
    () => 2 ** 53 + 2, () => 123456789012, () => -0, () => undefined,
    () => depth > 2 ? 1 : [value(depth + 1), value(depth + 1)], () => depth > 2 ? 2 : { k: value(depth + 1), 'ключ': value(depth + 1) }
  ])()
  const format = () => pick([{ bold: true }, { bold: null }, { a: { href: 'x', b: 1 } }, { a: null }, { size: 'large' }, {}])
  const text = type => {
    const type_ = type
    const at = Math.floor(next() * (type_.length + 1))
    pick([
      () => type_.insert(at, word() + 'x', format()), () => type_.insert(at, word() + 'y'), () => type_.insertEmbed(at, { image: word() }),
      () => type_.length > at && type_.format(at, 1, format()), () => type_.length > at && type_.delete(at, 1)
    ])()
  }
  const plain = type => next() < 0.7 ? type.insert(Math.floor(next() * (type.length + 1)), word()) : type.length && type.delete(0, 1)
  const child = () => pick([() => new Y.Map(), () => new Y.Array(), () => new Y.Text(word()), () => element()])()
  const element = () => { const made = new Y.XmlElement(pick(['paragraph', 'Heading', 'li'])); if (next() < 0.5) made.insert(0, [new Y.XmlText(word())]); return made }
  const map = (type, depth) => {
    const key = pick(['a', 'b', 'ü', ''])
    const old = type.get(key)
    if (old instanceof Y.AbstractType && next() < 0.7) return edit(old, depth + 1)
    pick([() => type.set(key, value(0)), () => type.set(key, child()), () => type.delete(key), () => type.set(key, new Uint8Array([1, 255]))])()
  }
  const array = (type, depth) => {
    const at = Math.floor(next() * (type.length + 1))
    const old = at < type.length ? type.get(at) : null
    if (old instanceof Y.AbstractType && next() < 0.7) return edit(old, depth + 1)
    pick([() => type.insert(at, [value(0), value(0), value(0)].map(one => one ?? null)), () => type.insert(at, [child()]), () => at < type.length && type.delete(at, 1)])()
  }
  const xml = (type, depth) => {
    if (type instanceof Y.XmlElement && next() < 0.4) return type.setAttribute(pick(['id', 'Level', 'b']), pick([word(), 3, true, 0.5, 1e-7, 1e21]))
    const at = Math.floor(next() * (type.length + 1))
    if (at < type.length && next() < 0.7) return edit(type.get(at), depth + 1)
    pick([() => type.insert(at, [element()]), () => type.insert(at, [new Y.XmlText(word())]), () => at < type.length && type.delete(at, 1)])()
  }
  const edit = (type, depth) => {
    if (type instanceof Y.XmlText) return text(type)
    if (type instanceof Y.Text) return plain(type)
    if (type instanceof Y.Map) return map(type, depth)
    if (type instanceof Y.Array) return array(type, depth)
    return xml(type, depth)
  }
  return { pick, edit }
}

const ROOTS = { tree: ['map', doc => doc.getMap('tree')], list: ['array', doc => doc.getArray('list')], page: ['xml', doc => doc.getXmlFragment('page')] }

const shown = doc => ({ tree: doc.getMap('tree').toJSON(), list: doc.getArray('list').toJSON(), page: doc.getXmlFragment('page').toString() })

const lengths = doc => ({ tree: doc.getMap('tree').size, list: doc.getArray('list').length, page: doc.getXmlFragment('page').length })

// Returns values in the form of JSON. crdt/reading/values.py has the rules for `undefined`,
// bytes and integers beyond 2^53.
const plain = value => {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (Array.isArray(value)) return value.map(plain)
  if (value && typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member)]))
  return value
}

export const ACTIONS = {
  // Returns all updates of clients that made `edits` edits. Also returns the final value and the length of each root.
  documents: ({ seed, clients, edits }) => {
    const { pick, edit } = maker(random(seed))
    const docs = Array.from({ length: clients }, (_, number) => { const doc = new Y.Doc(); doc.clientID = seed * 10 + number + 1; return doc })
    const updates = []
    for (const doc of docs) doc.on('update', (update, origin) => { if (origin !== 'other') updates.push(Buffer.from(update).toString('hex')) })
    for (let number = 0; number < edits; number++) {
      const doc = pick(docs)
      edit(pick(Object.values(ROOTS))[1](doc), 0)
      if (number % 4 === 0) Y.applyUpdate(pick(docs), Y.encodeStateAsUpdate(doc), 'other')
    }
    const all = new Y.Doc()
    for (const update of updates) Y.applyUpdate(all, new Uint8Array(Buffer.from(update, 'hex')))
    return { updates, shown: plain(shown(all)), lengths: lengths(all) }
  }
}
