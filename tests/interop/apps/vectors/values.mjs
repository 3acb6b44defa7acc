// Values: numbers, the order of keys, characters cut in two.
import * as Y from 'yjs'
import { load } from '../look.mjs'
import { live, once, person, state } from './making.mjs'

const T = { t: 'text' }
const M = { m: 'map' }
const A = { a: 'array' }
const X = { x: 'xml' }
const HIGH = '\ud83c'

export default function ({ ADA, add, one, typed }) {
  // Half characters
  one('lone-embed', T, 'half an emoji in an embed: JSON has \\ud83c', d =>
    d.getText('t').insertEmbed(0, { preview: 'cut ' + HIGH })
  )
  one('lone-embed-key', T, 'half an emoji as a key in an embed', d =>
    d.getText('t').insertEmbed(0, { ['k' + HIGH]: 1 })
  )
  one('lone-format', T, 'half an emoji in a format (a comment, a link)', d =>
    d.getText('t').insert(0, 'x', { comment: 'cut ' + HIGH })
  )
  one('lone-mark-xml', X, 'half an emoji in a mark of a ProseMirror document', d => {
    const t = new Y.XmlText()
    d.getXmlFragment('x').insert(0, [t])
    t.insert(0, 'x', { link: { title: 'cut ' + HIGH } })
  })
  one('lone-attribute', X, 'half an emoji in an attribute: written as U+FFFD', d => {
    const e = new Y.XmlElement('p')
    e.setAttribute('title', 'cut ' + HIGH)
    d.getXmlFragment('x').insert(0, [e])
  })
  one('lone-map', M, 'half an emoji in a map: U+FFFD', d => d.getMap('m').set('k', { preview: 'cut ' + HIGH }))
  one('lone-array', A, 'half an emoji in an array: U+FFFD', d => d.getArray('a').push(['\ude00 cut', 1]))
  one('lone-text', T, 'half an emoji typed: U+FFFD', d => d.getText('t').insert(0, 'cut ' + HIGH))
  add(
    'emoji-diff',
    T,
    'a binding that compares by UTF-16 units turns 😀 into 😁: deletes one half, inserts another',
    () => {
      const d = person(ADA)
      const base = live(d, () => d.getText('t').insert(0, 'a😀b'))
      return {
        base,
        update: once(d, () => {
          d.getText('t').delete(2, 1)
          d.getText('t').insert(2, '\ude01')
        }),
        form: 'live'
      }
    }
  )
  add('emoji-split-insert', T, 'somebody writes between the halves of an emoji', () => {
    const d = person(ADA)
    const base = live(d, () => d.getText('t').insert(0, 'a😀b'))
    return { base, update: once(d, () => d.getText('t').insert(2, 'X')), form: 'live' }
  })
  add('emoji-split-state', T, 'the state of such a text', () => {
    const d = person(ADA)
    d.getText('t').insert(0, 'a😀b😀c')
    d.getText('t').insert(2, 'X')
    d.getText('t').delete(6, 1)
    return { update: state(d), form: 'answer' }
  })
  add(
    'emoji-typed-in-halves',
    T,
    'an input method types the halves one after the other; the answer begins between them, so with U+FFFD',
    () => {
      const d = person(ADA)
      const all = live(d, () => {
        d.getText('t').insert(0, 'a\ud83d')
        d.getText('t').insert(2, '\ude00b')
      })
      return { base: [all[0]], update: state(d, Y.encodeStateVector(load([all[0]]))), form: 'answer', sender: state(d) }
    }
  )
  one('emoji-many', T, 'emoji of many units, flags, families: whole', d => d.getText('t').insert(0, '👩‍👩‍👧🏴󠁧󠁢󠁥󠁮󠁧󠁿🇩🇪é'))

  // Values
  const NUMBERS = [
    0,
    -0,
    1,
    -1,
    63,
    64,
    2 ** 31 - 1,
    2 ** 31,
    -(2 ** 31),
    2 ** 32,
    2 ** 53 - 1,
    2 ** 53,
    -(2 ** 53),
    2 ** 63,
    2 ** 64,
    1e21,
    1e300,
    5e-324,
    0.1,
    1.5,
    -1.25
  ]
  one('numbers-map', M, 'numbers at the edges', d =>
    NUMBERS.forEach((n, i) => d.getMap('m').set('n' + String(i).padStart(2, '0'), n))
  )
  one('numbers-array', A, 'the same in an array', d => d.getArray('a').push(NUMBERS))
  one('numbers-odd', M, 'undefined, NaN, Infinity, also inside an object', d => {
    const m = d.getMap('m')
    m.set('u', undefined)
    m.set('n', NaN)
    m.set('i', Infinity)
    m.set('j', -Infinity)
    m.set('o', { u: undefined, n: NaN, list: [undefined, -0] })
  })
  one('bigint', { m: 'map', a: 'array' }, 'BigInt small and large', d => {
    const m = d.getMap('m')
    m.set('ten', 10n)
    m.set('max', 2n ** 63n - 1n)
    m.set('min', -(2n ** 63n))
    m.set('mid', 1234567890123456789n)
    m.set('list', [10n, -1n])
    d.getArray('a').push([[0n, 2n ** 53n]])
  })
  one('embed-numbers', T, 'numbers in an embed: 2^53, 2^63, 2^64 as JSON writes them, NaN as null', d =>
    d
      .getText('t')
      .insertEmbed(0, { a: 2 ** 53, b: 2 ** 63, c: 2 ** 64, d: NaN, e: -0, f: 1e21, g: 0.1, h: 2 ** 63 + 2 ** 11 })
  )
  one('format-numbers', T, 'numbers in a format', d =>
    d.getText('t').insert(0, 'x', { size: 2 ** 63, ratio: 0.1, none: false })
  )
  one('key-order-map', M, 'keys of an object in the order written', d =>
    d.getMap('m').set('k', { title: 1, first: 2, second: 3, last: 4, abc: 5, z: { y: 1, x: 2, b: 3, a: 4 } })
  )
  one('key-order-array', A, 'the same in an array', d =>
    d.getArray('a').push([{ title: 1, first: 2, second: 3, last: 4, abc: 5 }])
  )
  one('key-order-embed', T, 'the same in an embed and in a format', d => {
    d.getText('t').insertEmbed(0, { title: 1, first: 2, second: 3, last: 4, abc: 5 })
    d.getText('t').insert(1, 'x', { f: { title: 1, first: 2, second: 3, last: 4, abc: 5 } })
  })
  one('embed-string-null', T, 'embeds that are no objects; control characters, U+2028', d => {
    const t = d.getText('t')
    t.insertEmbed(0, 'just text')
    t.insertEmbed(1, 7)
    t.insertEmbed(2, [null, '\u0000\u2028"\\'])
  })
  one('any-strings', M, 'strings that look like something else', d => {
    const m = d.getMap('m')
    m.set('a', '')
    m.set('b', '\u0000\u0001')
    m.set('c', 'undefined')
    m.set('__proto__', 1)
    m.set('d', { o: { __proto__x: 1, constructor: 2 }, ключ: 'значение' })
  })
  one('bytes-in-any', M, 'bytes inside an object (tag 116)', d =>
    d.getMap('m').set('k', { raw: new Uint8Array([1, 2, 255]), none: new Uint8Array(0) })
  )
}
