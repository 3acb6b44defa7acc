// Edits of content that another person has deleted.
import * as Y from 'yjs'
import { live, once, person, share, state } from './making.mjs'

const T = { t: 'text' }
const A = { a: 'array' }
const X = { x: 'xml' }

export default function ({ ADA, BOB, CY, add, one, typed }) {
  // Deleted parents
  const rows = (options = {}) => {
    // Ada makes a row that reaches only Bob, and deletes it offline. Bob marks it as done and adds another row.
    const ada = person(ADA, [], options)
    ada.getArray('a').push(['first'])
    const common = state(ada)
    ada.getArray('a').push([new Y.Map([['title', 'second']])])
    const bob = person(BOB, [state(ada)], options)
    ada.getArray('a').delete(1, 1)
    const sv = Y.encodeStateVector(bob)
    bob.getArray('a').get(1).set('done', true)
    bob.getArray('a').push(['third, by Bob'])
    return { ada, bob, common, bobs: state(bob, sv) }
  }
  for (const gc of [true, false]) {
    const word = gc ? 'gc' : 'kept'
    add(
      `parent-deleted-${word}-answer`,
      A,
      `the server knows the parent only as deleted (gc: ${gc}); Bob has it whole`,
      () => {
        const { ada, bob, bobs } = rows({ gc })
        return { base: [state(ada)], baseBy: ['ada'], update: bobs, by: 'bob', form: 'answer', sender: state(bob) }
      }
    )
    add(`parent-deleted-${word}-live`, A, 'the same change arriving live', () => {
      const { ada, bob, bobs } = rows({ gc })
      return { base: [state(ada)], baseBy: ['ada'], update: bobs, by: 'bob', form: 'live', sender: state(bob) }
    })
  }
  add(
    'parent-is-gc',
    X,
    'the parent lies inside a deleted one, so it is a GC struct: what is put into it is one too',
    () => {
      const ada = person(ADA)
      const x = ada.getXmlFragment('x')
      x.insert(0, [new Y.XmlElement('ul')])
      x.get(0).insert(0, [new Y.XmlElement('li')])
      const bob = person(BOB, [state(ada)])
      x.delete(0, 1)
      const update = once(bob, () =>
        bob
          .getXmlFragment('x')
          .get(0)
          .get(0)
          .insert(0, [new Y.XmlText('late')])
      )
      return { base: [state(ada)], update, by: 'bob', form: 'live', sender: state(bob) }
    }
  )
  add('origin-is-gc', X, 'typed behind a letter that is a GC struct by now', () => {
    const ada = person(ADA)
    const x = ada.getXmlFragment('x')
    x.insert(0, [new Y.XmlElement('p')])
    x.get(0).insert(0, [new Y.XmlText('word')])
    const bob = person(BOB, [state(ada)])
    x.delete(0, 1)
    const update = once(bob, () => bob.getXmlFragment('x').get(0).get(0).insert(4, 's'))
    return { base: [state(ada)], update, by: 'bob', form: 'live', sender: state(bob) }
  })
  add('origin-is-deleted-content', T, 'typed inside a word that somebody deleted', () => {
    const ada = person(ADA)
    ada.getText('t').insert(0, 'one two three')
    const bob = person(BOB, [state(ada)])
    ada.getText('t').delete(4, 4)
    const update = once(bob, () => bob.getText('t').insert(6, 'X'))
    return { base: [state(ada)], update, by: 'bob', form: 'live', sender: state(bob) }
  })
  add('between-gc-and-item', X, 'left neighbour is a GC struct, right one is whole at the sender', () => {
    const ada = person(ADA)
    const x = ada.getXmlFragment('x')
    x.insert(0, [new Y.XmlElement('p')])
    x.get(0).insert(0, [new Y.XmlText('ab')])
    const bob = person(BOB, [state(ada)])
    const cy = person(CY, [state(ada)])
    const cys = once(cy, () => cy.getXmlFragment('x').get(0).get(0).insert(1, 'C'))
    Y.applyUpdate(bob, cys)
    x.delete(0, 1)
    const update = once(bob, () => bob.getXmlFragment('x').get(0).get(0).insert(1, 'B'))
    return { base: [state(ada), cys], baseBy: ['ada', 'cy'], update, by: 'bob', form: 'live', sender: state(bob) }
  })
  add('gc-mixed-into-state', X, 'a state half of GC structs, half living, two clients', () => {
    const ada = person(ADA)
    const bob = person(BOB)
    const x = ada.getXmlFragment('x')
    for (let i = 0; i < 6; i++) {
      x.insert(i, [new Y.XmlElement('p')])
      x.get(i).insert(0, [new Y.XmlText('p' + i)])
      share(ada, bob)
      bob.getXmlFragment('x').get(i).get(0).insert(1, 'B')
      share(bob, ada)
    }
    x.delete(1, 2)
    x.delete(2, 1)
    return { update: state(ada), form: 'answer', by: 'ada' }
  })
}
