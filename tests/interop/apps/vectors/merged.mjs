// Merged, cut and converted updates.
import * as Y from 'yjs'
import { load } from '../look.mjs'
import { live, mergedInTens, once, person, state } from './making.mjs'

const T = { t: 'text' }
const A = { a: 'array' }
const X = { x: 'xml' }

export default function ({ ADA, add, one }) {
  // Merged and cut updates
  add(
    'merged-300-keystrokes',
    T,
    'mergeUpdates of 300 keystrokes: 300 structs that Yjs itself would have as one',
    () => {
      const d = person(ADA)
      const all = live(d, () => {
        for (let i = 0; i < 300; i++) d.getText('t').insert(i, 'abcdefghij'[i % 10])
      })
      return { update: Y.mergeUpdates(all), form: 'answer' }
    }
  )
  add('merged-21000-keystrokes', T, 'the same with 21,000', () => {
    const d = person(ADA)
    const all = live(d, () => {
      for (let i = 0; i < 21000; i++) d.getText('t').insert(i, 'abcdefghij'[i % 10])
    })
    return { update: mergedInTens(all), form: 'answer' }
  })
  add('merged-two-states', T, 'mergeUpdates of two overlapping states', () => {
    const d = person(ADA)
    d.getText('t').insert(0, 'hello')
    const first = state(d)
    d.getText('t').insert(5, ' world')
    d.getText('t').delete(0, 1)
    return { update: Y.mergeUpdates([first, state(d)]), form: 'answer' }
  })
  add('merged-values', { m: 'map', a: 'array' }, 'mergeUpdates of sets and pushes, deletions included', () => {
    const d = person(ADA)
    const all = live(d, () => {
      for (let i = 0; i < 40; i++) {
        d.getMap('m').set('k' + (i % 3), i)
        d.getArray('a').push([i])
        if (i % 4 === 3) d.getArray('a').delete(0, 1)
      }
    })
    return { update: Y.mergeUpdates(all), form: 'answer' }
  })
  add('diff-mid-struct', T, 'diffUpdate in the middle of a struct: offset, origin one before', () => {
    const d = person(ADA)
    const all = live(d, () => {
      d.getText('t').insert(0, 'hello')
      d.getText('t').insert(5, ' world')
    })
    return { base: [all[0]], update: Y.diffUpdate(state(d), Y.encodeStateVector(load([all[0]]))), form: 'answer' }
  })
  add('diff-mid-array', A, 'diffUpdate in the middle of values', () => {
    const d = person(ADA)
    const all = live(d, () => {
      d.getArray('a').push([1, 2])
      d.getArray('a').push([3, { x: 4 }, 5])
    })
    return { base: [all[0]], update: Y.diffUpdate(state(d), Y.encodeStateVector(load([all[0]]))), form: 'answer' }
  })
  add('diff-mid-gc', X, 'diffUpdate in the middle of a GC struct', () => {
    const d = person(ADA)
    const x = d.getXmlFragment('x')
    const base = live(d, () => x.insert(0, [new Y.XmlElement('p')]))
    d.transact(() => x.get(0).insert(0, [new Y.XmlText('hello')]))
    x.delete(0, 1)
    x.insert(0, [new Y.XmlElement('q')])
    return { base, update: Y.diffUpdate(state(d), Y.encodeStateVector(load(base))), form: 'answer' }
  })
  add('v2-converted', { t: 'text', m: 'map' }, 'a state kept as V2 (y-indexeddb of some apps) and converted', () => {
    const d = person(ADA)
    d.getText('t').insert(0, 'hello', { b: true })
    d.getMap('m').set('k', { z: 1, a: [10n] })
    d.getText('t').delete(1, 2)
    return { update: Y.convertUpdateFormatV2ToV1(Y.encodeStateAsUpdateV2(d)), form: 'answer' }
  })
  add(
    'multi-root-one-transaction',
    { t: 'text', m: 'map', a: 'array', x: 'xml' },
    'all kinds of roots in one transaction, deletions too',
    () => {
      const d = person(ADA)
      const base = live(d, () => {
        d.getText('t').insert(0, 'abc')
        d.getArray('a').push([1, 2, 3])
      })
      return {
        base,
        update: once(d, () => {
          d.getText('t').delete(0, 1)
          d.getMap('m').set('k', new Y.Text('n'))
          d.getArray('a').delete(1, 1)
          d.getXmlFragment('x').insert(0, [new Y.XmlText('z')])
        }),
        form: 'live'
      }
    }
  )
}
