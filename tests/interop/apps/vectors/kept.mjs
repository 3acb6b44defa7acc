// Deleted content that stays in a document: with `gc: false`, and kept for undo.
import * as Y from 'yjs'
import { load } from '../look.mjs'
import { live, once, person, state } from './making.mjs'

const T = { t: 'text' }
const M = { m: 'map' }
const A = { a: 'array' }
const X = { x: 'xml' }

export default function ({ ADA, BOB, add, one }) {
  // Documents without garbage collection, undo
  add(
    'gc-false-state',
    { t: 'text', m: 'map', a: 'array' },
    'a document with gc: false: deleted text, values and types are there in full',
    () => {
      const d = person(ADA, [], { gc: false })
      d.getText('t').insert(0, 'hello world')
      d.getText('t').delete(2, 6)
      for (let i = 0; i < 5; i++) d.getMap('m').set('k', 'v' + i)
      d.getArray('a').push([new Y.Map([['x', 1]])])
      d.getArray('a').delete(0, 1)
      return { update: state(d), form: 'answer' }
    }
  )
  add('gc-false-edit-deleted', A, 'gc: false: a set inside a deleted map arrives later', () => {
    const ada = person(ADA, [], { gc: false })
    ada.getArray('a').push([new Y.Map()])
    const bob = person(BOB, [state(ada)], { gc: false })
    ada.getArray('a').delete(0, 1)
    return {
      base: [state(ada)],
      update: once(bob, () => bob.getArray('a').get(0).set('late', 1)),
      by: 'bob',
      form: 'live',
      sender: state(bob)
    }
  })
  const undoing = (type, change) => {
    const u = new Y.UndoManager(type, { captureTimeout: 0 })
    change(u)
  }
  add('undo-delete', T, 'a deletion undone: the text comes again as new structs', () => {
    const d = person(ADA)
    const all = live(d, () =>
      undoing(d.getText('t'), u => {
        d.getText('t').insert(0, 'hello world')
        d.getText('t').delete(2, 6)
        u.undo()
      })
    )
    return { base: all.slice(0, 2), update: all[2], form: 'live' }
  })
  add('undo-redo-state', T, 'the state after undo, redo, undo: deleted text kept whole', () => {
    const d = person(ADA)
    undoing(d.getText('t'), u => {
      d.getText('t').insert(0, 'hello world')
      d.getText('t').delete(2, 6)
      u.undo()
      u.redo()
      u.undo()
      d.getText('t').insert(0, 'x')
      u.undo()
    })
    return { update: state(d), form: 'answer' }
  })
  add('undo-map-key', M, 'values of one key kept for undo: Yjs joins them into one struct under the key', () => {
    const d = person(ADA)
    undoing(d.getMap('m'), u => {
      for (let i = 0; i < 5; i++) d.getMap('m').set('k', i)
      u.undo()
      u.undo()
      u.redo()
    })
    return { update: state(d), form: 'answer' }
  })
  add(
    'map-key-kept-values',
    M,
    'gc: false, one key set ten times by one client: one struct of ten values under a key',
    () => {
      const d = person(ADA, [], { gc: false })
      for (let i = 0; i < 10; i++) d.getMap('m').set('k', { i })
      return { update: state(d), form: 'answer' }
    }
  )
  add('map-key-kept-diff', M, 'the same, the server has the first four', () => {
    const d = person(ADA, [], { gc: false })
    const all = live(d, () => {
      for (let i = 0; i < 10; i++) d.getMap('m').set('k', i)
    })
    const four = load(all.slice(0, 4))
    return { base: all.slice(0, 4), update: state(d, Y.encodeStateVector(four)), form: 'answer' }
  })
  add('undo-type-in-array', A, 'a deleted map in an array brought back by undo', () => {
    const d = person(ADA)
    const all = live(d, () =>
      undoing(d.getArray('a'), u => {
        d.getArray('a').push([new Y.Map([['x', 1]])])
        d.getArray('a').delete(0, 1)
        u.undo()
      })
    )
    return { base: all.slice(0, 2), update: all[2], form: 'live' }
  })
  add('undo-xml', X, 'a deleted paragraph brought back', () => {
    const d = person(ADA)
    const all = live(d, () =>
      undoing(d.getXmlFragment('x'), u => {
        const p = new Y.XmlElement('p')
        p.insert(0, [new Y.XmlText('hello')])
        d.getXmlFragment('x').insert(0, [p])
        d.getXmlFragment('x').delete(0, 1)
        u.undo()
      })
    )
    return { base: all.slice(0, 2), update: all[2], form: 'live' }
  })
  add('undo-behind-and-before-one', A, 'a redone struct whose left and right neighbours are the same one', () => {
    const d = person(ADA)
    const a = d.getArray('a')
    const all = live(d, () =>
      undoing(a, u => {
        a.insert(0, [new Y.Array()])
        a.insert(1, [new Y.Array()])
        u.undo()
        a.get(0).insert(0, [new Y.Map()])
        u.undo()
        u.redo()
        a.get(0).insert(1, [new Y.Map()])
        a.delete(0, 1)
        u.undo()
      })
    )
    return { base: all.slice(0, -1), update: all.at(-1), form: 'live', sender: state(d) }
  })
}
