// Random documents of all types by three people who receive only some of each other's edits: whole, cut, and with gaps.
import * as Y from 'yjs'
import { load } from '../look.mjs'
import { dice, person, state } from './making.mjs'

const ROOTS = { t: 'text', m: 'map', a: 'array', x: 'xml' }
const WORDS = ['a', 'word ', '😀', '\n', 'é', 'naïve\t']
const VALUES = [
  1,
  -0,
  1.5,
  null,
  true,
  'text',
  10n,
  { z: 1, a: [undefined, { b: 2 }] },
  new Uint8Array([0, 255]),
  undefined
]

function nested(roll) {
  if (roll() < 0.5) return new Y.Map([['k', roll.pick(VALUES)]])
  return roll() < 0.5 ? Y.Array.from([roll.pick([1, 'x', null])]) : new Y.Text(roll.pick(WORDS))
}

function editText(text, roll) {
  const at = roll.below(text.length + 1)
  const length = Math.min(text.length - at, 1 + roll.below(4))
  const dieRoll = roll()
  if (length > 0 && dieRoll < 0.3) text.delete(at, length)
  else if (length > 0 && dieRoll < 0.4)
    text.format(at, length, { [roll.pick(['b', 'i'])]: roll.pick([true, null, { c: 1 }]) })
  else if (dieRoll < 0.5) text.insertEmbed(at, { image: roll.pick(WORDS), w: roll.below(9) })
  else text.insert(at, roll.pick(WORDS))
}

function editMap(map, roll) {
  const key = roll.pick(['k', 'l', ''])
  if (roll() < 0.2) map.delete(key)
  else if (roll() < 0.3) map.set(key, nested(roll))
  else if (map.get(key) instanceof Y.AbstractType && roll() < 0.7) editType(map.get(key), roll)
  else map.set(key, roll.pick(VALUES))
}

function editArray(array, roll) {
  const at = roll.below(array.length + 1)
  const there = array.get(at)
  if (at < array.length && roll() < 0.3) array.delete(at, 1)
  else if (there instanceof Y.AbstractType && roll() < 0.6) editType(there, roll)
  else array.insert(at, [roll() < 0.4 ? nested(roll) : roll.pick([1, 'x', null, false, { y: 1, x: 2 }])])
}

function editXml(xml, roll) {
  const at = roll.below(xml.length + 1)
  const there = xml.get(at)
  if (at < xml.length && roll() < 0.25) xml.delete(at, 1)
  else if (there instanceof Y.AbstractType && roll() < 0.7) editType(there, roll)
  else if (xml instanceof Y.XmlElement && roll() < 0.2)
    xml.setAttribute(roll.pick(['id', 'level']), roll.pick(['1', 2, null]))
  else xml.insert(at, [roll() < 0.5 ? new Y.XmlElement(roll.pick(['p', 'ul', 'li'])) : new Y.XmlText(roll.pick(WORDS))])
}

function editType(type, roll) {
  if (type instanceof Y.Text) editText(type, roll)
  else if (type instanceof Y.Map) editMap(type, roll)
  else if (type instanceof Y.Array) editArray(type, roll)
  else editXml(type, roll)
}

/** Return [{by, update}] in the order in which they were made, and the documents of the three people. */
function session(ids, roll, steps) {
  const gc = roll() < 0.8
  const people = ids.map(id => person(id, [], { gc }))
  const all = []
  people.forEach((doc, by) =>
    doc.on('update', (update, origin) => {
      if (origin !== 'net') all.push({ by, update })
    })
  )
  const heard = people.map(() => 0)
  for (let step = 0; step < steps; step++) {
    const by = roll.below(people.length)
    const doc = people[by]
    if (roll() < 0.6) for (; heard[by] < all.length; heard[by]++) Y.applyUpdate(doc, all[heard[by]].update, 'net')
    const [name, get] = roll.pick([
      ['t', 'getText'],
      ['m', 'getMap'],
      ['a', 'getArray'],
      ['x', 'getXmlFragment']
    ])
    const type = doc[get](name)
    doc.transact(() => {
      for (let edit = roll.below(3); edit >= 0; edit--) editType(type, roll)
    })
  }
  return { all, people }
}

const NAMES = ['ada', 'bob', 'cy']

export default function ({ ADA, BOB, CY, add, roll }) {
  const ids = [ADA, BOB, CY]
  for (let number = 0; number < 8; number++) {
    const seed = roll.below(2 ** 31)
    add(`random-whole-${number}`, ROOTS, 'the whole state', () => {
      const { all } = session(ids, dice(seed), 60)
      return { update: state(load(all.map(one => one.update))), form: 'answer' }
    })
    add(
      `random-cut-${number}`,
      ROOTS,
      'the first part is known; the rest is what Yjs sends for the state vector',
      () => {
        const { all } = session(ids, dice(seed + 1), 60)
        const base = all.slice(0, 30)
        const whole = load(all.map(one => one.update))
        const update = state(whole, Y.encodeStateVector(load(base.map(one => one.update))))
        return {
          base: base.map(one => one.update),
          baseBy: base.map(() => 'ada'),
          update,
          form: 'answer',
          sender: state(whole)
        }
      }
    )
    add(`random-lost-${number}`, ROOTS, 'the browser of one person lost some of what it stored', () => {
      const chance = dice(seed + 2)
      const { all } = session(ids, chance, 60)
      const known = all.slice(0, 20)
      const kept = all.filter(() => chance() < 0.85)
      const browser = person(
        CY,
        kept.map(one => one.update)
      )
      const update = state(browser)
      return {
        base: known.map(one => one.update),
        baseBy: known.map(() => 'cy'),
        update,
        by: 'cy',
        form: 'answer',
        sender: update
      }
    })
    add(`random-late-${number}`, ROOTS, 'a live edit of somebody who did not hear of the deletions of others', () => {
      const chance = dice(seed + 3)
      const { all, people } = session(ids, chance, 60)
      const by = chance.below(3)
      const last = all.findLastIndex(one => one.by === by)
      const base = all.filter((one, index) => index !== last)
      const dependsOnIt = all.slice(last + 1).length
      const before = dependsOnIt ? base.filter((one, index) => index < last) : base
      return {
        base: before.map(one => one.update),
        baseBy: before.map(one => NAMES[one.by]),
        update: all[last].update,
        by: NAMES[by],
        form: 'live',
        sender: state(people[by])
      }
    })
  }
}
