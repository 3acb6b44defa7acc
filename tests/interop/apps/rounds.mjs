// The kinds of app for the random rounds. Dice with a seed choose each edit, undo and redo.
import * as Y from 'yjs'
import { YKeyValue } from 'y-utility/y-keyvalue'
import { client } from './clients.mjs'
import { difference, look, wellFormed } from './look.mjs'
import { dice } from './vectors/making.mjs'

const LETTERS = ['a', 'if x:\n', '\t', '😀', 'é', '👩‍👩‍👧', 'naïve ', 'x = 1\r\n', '中文']
const JSONS = [1, -1.5, null, true, '', 'text', { b: 1, a: [2, { c: null }] }, [1, 'two'], 2 ** 53]
const VALUES = [...JSONS, -0, undefined, 10n, new Uint8Array([0, 128])]

function type(text, roll) {
  const at = roll.below(text.length + 1)
  const length = Math.min(text.length - at, 1 + roll.below(5))
  if (length > 0 && roll() < 0.35) text.delete(at, length)
  else text.insert(at, roll.pick(LETTERS))
}

/**
 * Return the place, or the next place if it is inside a surrogate pair, because no editor formats
 * half a character.
 */
function outsideCharacters(text, place) {
  let left = place
  for (let item = text._start; item; item = item.right) {
    if (item.deleted || !item.countable) continue
    if (left < item.length) {
      const units = item.content.str?.slice(left - 1, left + 1) ?? ''
      return left > 0 && /^[\ud800-\udbff][\udc00-\udfff]$/.test(units) ? place + 1 : place
    }
    left -= item.length
  }
  return place
}

function typeRich(text, roll) {
  const at = roll.below(text.length + 1)
  const length = Math.min(text.length - at, 1 + roll.below(6))
  const chance = roll()
  if (length > 0 && chance < 0.25) {
    const [from, to] = [at, at + length].map(place => outsideCharacters(text, place))
    text.format(from, Math.max(1, to - from), {
      [roll.pick(['bold', 'link', 'list'])]: roll.pick([true, null, 'x', { to: 'y' }])
    })
  } else if (chance < 0.35) text.insertEmbed(at, { image: roll.pick(LETTERS), width: roll.below(100) })
  else if (chance < 0.45) text.insert(at, roll.pick(LETTERS), { bold: true })
  else type(text, roll)
}

function element(name, ...children) {
  const made = new Y.XmlElement(name)
  if (children.length) made.insert(0, children)
  return made
}

function editPage(parent, roll, depth = 0) {
  const at = roll.below(parent.length + 1)
  const there = parent.get(at)
  const chance = roll()
  if (there && chance < 0.2) parent.delete(at, 1)
  else if (there instanceof Y.XmlText && chance < 0.8) typeRich(there, roll)
  else if (there instanceof Y.XmlElement && chance < 0.3)
    there.setAttribute(roll.pick(['level', 'align']), roll.pick(['left', 2, { a: 1 }]))
  else if (there instanceof Y.XmlElement && chance < 0.8 && depth < 6) editPage(there, roll, depth + 1)
  else if (parent instanceof Y.XmlElement && chance < 0.9) parent.insert(at, [new Y.XmlText(roll.pick(LETTERS))])
  else parent.insert(at, [element(roll.pick(['paragraph', 'listItem']), new Y.XmlText(roll.pick(LETTERS)))])
}

function editMap(map, roll) {
  const key = 'k' + roll.below(6)
  if (roll() < 0.2) map.delete(key)
  else map.set(key, roll.pick(VALUES))
}

/** Edit nested maps, lists and texts, as in trees of files and settings. */
function editTree(map, roll, depth = 0) {
  const key = 'n' + roll.below(4)
  const there = map.get(key)
  const chance = roll()
  if (there instanceof Y.Map && chance < 0.7 && depth < 8) editTree(there, roll, depth + 1)
  else if (there instanceof Y.Text && chance < 0.8) type(there, roll)
  else if (there instanceof Y.Array && chance < 0.8) editList(there, roll)
  else if (chance < 0.15) map.delete(key)
  else
    map.set(
      key,
      roll.pick([
        () => new Y.Map([['made', 1]]),
        () => new Y.Text('new'),
        () => Y.Array.from([1, 'two']),
        () => roll.pick(JSONS)
      ])()
    )
}

function editList(array, roll) {
  const at = roll.below(array.length + 1)
  if (at < array.length && roll() < 0.3) array.delete(at, Math.min(array.length - at, 1 + roll.below(2)))
  else
    array.insert(
      at,
      Array.from({ length: 1 + roll.below(4) }, () => roll.pick(JSONS))
    )
}

/** Edit rows that are maps. Any client may set a cell while another client deletes its row. */
function editSheet(rows, roll) {
  const at = roll.below(rows.length + 1)
  const row = rows.get(at)
  const chance = roll()
  if (row && chance < 0.15) rows.delete(at, 1)
  else if (row && chance < 0.75) row.set(roll.pick(['a', 'b', 'c']), roll.pick(VALUES))
  else
    rows.insert(at, [
      new Y.Map([
        ['a', roll.below(100)],
        ['b', 'cell']
      ])
    ])
}

/** Edit cards with a text and a list. A move deletes the card in one column and copies it to another. */
function editBoard(board, roll) {
  const columns = ['todo', 'doing', 'done']
  for (const name of columns) if (!board.has(name) && roll() < 0.5) board.set(name, new Y.Array())
  const [from, to] = [roll.pick(columns), roll.pick(columns)].map(name => board.get(name))
  if (!from || !to) return
  const at = roll.below(from.length + 1)
  const card = from.get(at)
  const chance = roll()
  if (card && chance < 0.2) {
    to.insert(roll.below(to.length + 1), [card.clone()])
    from.delete(from.toArray().indexOf(card), 1)
  } else if (card && chance < 0.5) type(card.get('title'), roll)
  else if (card && chance < 0.7) card.get('tags').push([roll.pick(['red', 'blue'])])
  else
    from.insert(at, [
      new Y.Map([
        ['title', new Y.Text('card')],
        ['tags', new Y.Array()]
      ])
    ])
}

/** Edit nodes as Lexical does: each is an XmlText embedded in its parent's text, with properties as attributes. */
function editLexical(node, roll, depth = 0) {
  const inner = node
    .toDelta()
    .map(op => op.insert)
    .filter(found => found instanceof Y.XmlText)
  const chance = roll()
  if (inner.length && chance < 0.6 && depth < 8) editLexical(roll.pick(inner), roll, depth + 1)
  else if (chance < 0.7) {
    const made = new Y.XmlText()
    node.insertEmbed(roll.below(node.length + 1), made)
    for (const [key, value] of Object.entries({ __type: 'paragraph', __format: 0, __indent: 0, __dir: null }))
      made.setAttribute(key, value)
  } else if (chance < 0.8)
    node.insertEmbed(
      roll.below(node.length + 1),
      new Y.Map([
        ['__type', 'text'],
        ['__format', roll.below(4)]
      ])
    )
  else if (chance < 0.9 && node.length) node.delete(roll.below(node.length), 1)
  else type(node, roll)
}

/** {roots, act(doc, roll)}. Each kind has its own roots, so one document can have all kinds. */
const KINDS = {
  text: { roots: { codemirror: 'text' }, act: (doc, roll) => type(doc.getText('codemirror'), roll) },
  quill: { roots: { quill: 'text' }, act: (doc, roll) => typeRich(doc.getText('quill'), roll) },
  xml: { roots: { default: 'xml' }, act: (doc, roll) => editPage(doc.getXmlFragment('default'), roll) },
  map: { roots: { settings: 'map' }, act: (doc, roll) => editMap(doc.getMap('settings'), roll) },
  nested: { roots: { tree: 'map' }, act: (doc, roll) => editTree(doc.getMap('tree'), roll) },
  array: { roots: { list: 'array' }, act: (doc, roll) => editList(doc.getArray('list'), roll) },
  sheet: { roots: { rows: 'array' }, act: (doc, roll) => editSheet(doc.getArray('rows'), roll) },
  board: { roots: { board: 'map' }, act: (doc, roll) => editBoard(doc.getMap('board'), roll) },
  lexical: { roots: { root: 'xmltext' }, act: (doc, roll) => editLexical(doc.get('root', Y.XmlText), roll) },
  keys: {
    roots: { kv: 'array' },
    act: (doc, roll, own) => {
      own.kv ??= new YKeyValue(doc.getArray('kv'))
      own.kv.set('k' + roll.below(9), roll.pick(JSONS))
    }
  }
}
const MIXED = Object.keys(KINDS)

const kindsOf = kind => (kind === 'mixed' ? MIXED : [kind]).map(name => KINDS[name])
const rootsOf = kind => Object.assign({}, ...kindsOf(kind).map(one => one.roots))
const players = new Map()

function undoManager(doc, kind) {
  const types = Object.entries(rootsOf(kind)).map(([name, type]) =>
    ({
      text: () => doc.getText(name),
      xmltext: () => doc.get(name, Y.XmlText),
      map: () => doc.getMap(name),
      array: () => doc.getArray(name),
      xml: () => doc.getXmlFragment(name)
    })[type]()
  )
  return new Y.UndoManager(types, { captureTimeout: 0 })
}

export const actions = {
  kinds: () => [...Object.keys(KINDS), 'mixed'],
  player({ name, kind, seed }) {
    const { doc } = client(name)
    players.set(name, { doc, roll: dice(seed), kinds: kindsOf(kind), undo: undoManager(doc, kind), own: {} })
  },
  /** Take `count` steps. A step is an undo, a redo, or a transaction of one to three edits. */
  act({ name, count }) {
    const { doc, roll, kinds, undo, own } = players.get(name)
    for (let done = 0; done < count; done++) {
      const chance = roll()
      if (chance < 0.08) undo.undo()
      else if (chance < 0.12) undo.redo()
      else
        doc.transact(() => {
          for (let edit = roll.below(3); edit >= 0; edit--) roll.pick(kinds).act(doc, roll, own)
        })
    }
  },
  /**
   * Compare documents with the first one. The result is null for a document that is equal and does
   * not wait for structs.
   */
  agree({ names, kind }) {
    const roots = rootsOf(kind)
    const seen = names.map(name => look(client(name).doc, roots))
    return seen.map(one =>
      Object.keys(one.missing).length || one.pendingDs
        ? 'waits for ' + JSON.stringify(one.missing)
        : difference(one, seen[0], wellFormed)
    )
  },
  leave: ({ name }) => {
    players.delete(name)
  }
}
