// Structs that one person has made and another person's client sends.
import * as Y from 'yjs'
import { load } from '../look.mjs'
import { once, person, state } from './making.mjs'

const T = { t: 'text' }

/** The server has only the first of Ada's updates. Bob's editor answers with everything that it has. */
const broughtByBob = (a, b) => ({
  base: [a[0]],
  baseBy: ['ada'],
  update: state(b, Y.encodeStateVector(load([a[0]]))),
  by: 'bob',
  form: 'answer',
  sender: state(b)
})

export default function ({ ADA, BOB, add, typed }) {
  add('carried-other', T, 'Bob brings what Ada wrote and the server lost', () => {
    const a = typed(ADA, ['kept ', 'lost '])
    const b = person(BOB, a)
    b.getText('t').insert(10, 'by Bob')
    return broughtByBob(a, b)
  })
  add('carried-only-other', T, "the same, nothing of Bob's own", () => {
    const a = typed(ADA, ['kept ', 'lost '])
    const b = person(BOB, a)
    return broughtByBob(a, b)
  })
  add('carried-relayed-live', T, "BroadcastChannel: a tab of Bob passes on live what Ada's tab wrote", () => {
    const a = typed(ADA, ['kept ', 'next'])
    return { base: [a[0]], baseBy: ['ada'], update: a[1], by: 'bob', form: 'live', sender: state(load(a)) }
  })
  add('delete-partly-unknown', T, 'one range, known only in part', () => {
    const a = typed(ADA, ['hello ', 'world'])
    const b = person(BOB, a)
    return {
      base: [a[0]],
      update: once(b, () => b.getText('t').delete(3, 6)),
      by: 'bob',
      form: 'live',
      sender: state(b)
    }
  })
}
