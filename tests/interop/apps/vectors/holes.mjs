// Updates that build on missing updates, and deletions of structs that the server does not have.
import * as Y from 'yjs'
import { load } from '../look.mjs'
import { live, once, person, state } from './making.mjs'

const T = { t: 'text' }
const M = { m: 'map' }

export default function ({ ADA, BOB, CY, add, one, typed }) {
  // Holes
  add('hole-front', T, 'the first stored update is lost: all that follows starts at a later clock', () => {
    const [, second, third] = typed(ADA, ['first ', 'second ', 'third '])
    const d = person(BOB, [second, third])
    d.getText('t').insert(0, 'today ')
    return { update: state(d), by: 'ada', form: 'answer', sender: state(d) }
  })
  add('hole-middle', T, 'the second of three is lost: a Skip struct', () => {
    const [first, , third] = typed(ADA, ['first ', 'second ', 'third '])
    const d = person(BOB, [first, third])
    d.getText('t').insert(0, 'today ')
    return { update: state(d), by: 'ada', form: 'answer', sender: state(d) }
  })
  add('hole-middle-known', T, 'the same, but the server has what is missing', () => {
    const all = typed(ADA, ['first ', 'second ', 'third '])
    const d = person(BOB, [all[0], all[2]])
    d.getText('t').insert(0, 'today ')
    return {
      base: [all[0], all[1]],
      baseBy: ['ada', 'ada'],
      update: state(d),
      by: 'ada',
      form: 'answer',
      sender: state(d)
    }
  })
  add('hole-after-question', T, 'the server has the first; the answer to its state vector', () => {
    const [first, , third] = typed(ADA, ['first ', 'second ', 'third '])
    const d = person(BOB, [first, third])
    d.getText('t').insert(0, 'today ')
    return {
      base: [first],
      update: state(d, Y.encodeStateVector(load([first]))),
      by: 'ada',
      form: 'answer',
      sender: state(d)
    }
  })
  add('hole-two-clients', T, 'holes in two clients, a third whole one depends on neither', () => {
    const a = typed(ADA, ['a1 ', 'a2 ', 'a3 '])
    const c = typed(CY, ['c1 ', 'c2 ', 'c3 '])
    const d = person(BOB, [a[0], a[2], c[0], c[2]])
    d.getText('t').insert(0, 'today ')
    return { update: state(d), by: 'ada', form: 'answer', sender: state(d) }
  })
  add('hole-two-in-one', T, 'two holes in one client', () => {
    const a = typed(ADA, ['a1 ', 'a2 ', 'a3 ', 'a4 ', 'a5 '])
    const d = person(BOB, [a[0], a[2], a[4]])
    return { update: state(d), by: 'ada', form: 'answer', sender: state(d) }
  })
  add(
    'hole-dependent-client',
    T,
    'Cy wrote behind what is missing: these structs wait too, the deletion as well',
    () => {
      const ada = person(ADA)
      const a = live(ada, () => {
        ada.getText('t').insert(0, 'first ')
        ada.getText('t').insert(6, 'second ')
        ada.getText('t').insert(13, 'third ')
      })
      const cy = person(CY, a)
      const c = live(cy, () => {
        cy.getText('t').insert(13, 'by Cy ')
        cy.getText('t').delete(7, 3)
      })
      const d = person(BOB, [a[0], ...c])
      d.getText('t').insert(0, 'today ')
      return { update: state(d), by: 'ada', form: 'answer', sender: state(d) }
    }
  )
  add('hole-healed', T, 'the missing one comes at last', () => {
    const [first, second, third] = typed(ADA, ['first ', 'second ', 'third '])
    return {
      base: [first, third],
      update: second,
      by: 'ada',
      form: 'live',
      sender: state(load([first, second, third]))
    }
  })
  add('hole-own-typing-live', T, 'a client with a hole types on, live', () => {
    const [first, , third] = typed(ADA, ['first ', 'second ', 'third '])
    const d = person(BOB, [first, third])
    const sv = state(load([first]))
    const update = once(d, () => d.getText('t').insert(6, 'today'))
    return { base: [sv], update, by: 'ada', form: 'live', sender: state(d) }
  })
  add('live-out-of-order', T, 'a live update before the one it builds on', () => {
    const [first, second] = typed(ADA, ['first ', 'second '])
    return { base: [], update: second, by: 'ada', form: 'live', sender: state(load([first, second])) }
  })
  add('merged-with-hole', T, 'mergeUpdates of updates with one missing: Skip inside', () => {
    const all = typed(ADA, ['a', 'b', 'c', 'd'])
    return { update: Y.mergeUpdates([all[0], all[1], all[3]]), by: 'ada', form: 'answer' }
  })
  add('hole-map', M, 'sets of keys with one lost', () => {
    const d = person(ADA)
    const all = live(d, () => {
      for (const k of ['a', 'b', 'c', 'a']) d.getMap('m').set(k, k + d.getMap('m').size)
    })
    const e = person(BOB, [all[0], all[2], all[3]])
    e.getMap('m').set('mine', 1)
    return { update: state(e), by: 'ada', form: 'answer', sender: state(e) }
  })

  // Deletions of structs that are not there
  add('delete-unknown-client', T, 'a deletion of text that the server has not got', () => {
    const a = typed(ADA, ['hello'])
    const b = person(BOB, a)
    return { update: once(b, () => b.getText('t').delete(0, 2)), by: 'bob', form: 'live', sender: state(b) }
  })
  add('delete-pending-answer', T, 'a client that waits for what it should delete: pendingDs in the answer', () => {
    const a = typed(ADA, ['hello'])
    const b = person(BOB, a)
    const gone = once(b, () => b.getText('t').delete(0, 2))
    const d = person(CY, [gone])
    d.getText('t').insert(0, 'mine')
    return { update: state(d), by: 'cy', form: 'answer', sender: state(d) }
  })
  add('delete-before-text', T, 'the deletion came first, now the text', () => {
    const a = typed(ADA, ['hello'])
    const b = person(BOB, a)
    const gone = once(b, () => b.getText('t').delete(0, 2))
    return { base: [gone], baseBy: ['bob'], update: a[0], by: 'ada', form: 'live' }
  })
  add('delete-again', T, 'deleted by two people at the same time, overlapping', () => {
    const a = typed(ADA, ['hello world'])
    const b = person(BOB, a)
    const c = person(CY, a)
    const first = once(c, () => c.getText('t').delete(2, 5))
    return {
      base: [a[0], first],
      baseBy: ['ada', 'cy'],
      update: once(b, () => b.getText('t').delete(0, 6)),
      by: 'bob',
      form: 'live'
    }
  })
  add('delete-every-other', T, '10,500 ranges in the state of a text', () => {
    const d = person(ADA)
    d.getText('t').insert(0, 'ab'.repeat(10500))
    d.transact(() => {
      for (let i = 10499; i >= 0; i--) d.getText('t').delete(2 * i, 1)
    })
    return { update: state(d), form: 'answer' }
  })
}
