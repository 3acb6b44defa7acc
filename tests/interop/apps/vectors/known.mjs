// Known structs sent again.
import * as Y from 'yjs'
import { load } from '../look.mjs'
import { dice, live, person, share, state } from './making.mjs'

const T = { t: 'text' }

export default function ({ ADA, BOB, CY, add, one, roll, typed }) {
  // Known and new structs together
  add('known-and-new-answer', T, 'the whole state, of which the server has the first half', () => {
    const a = typed(ADA, ['first ', 'second ', 'third '])
    return { base: [a[0]], update: state(load(a)), by: 'ada', form: 'answer', sender: state(load(a)) }
  })
  add('known-all-answer', T, 'the whole state, all known, with a new deletion', () => {
    const d = person(ADA, typed(ADA, ['hello']))
    const before = state(d)
    d.getText('t').delete(0, 1)
    return { base: [before], update: state(d), by: 'ada', form: 'answer' }
  })
  add('known-all-again', T, 'the same live update twice (two tabs)', () => {
    const [a] = typed(ADA, ['hello'])
    return { base: [a], update: a, by: 'ada', form: 'live' }
  })
  add('known-one-client-new-other', T, "Ada's structs are known, Cy's are new", () => {
    const a = typed(ADA, ['hello '])
    const cy = person(CY, a)
    cy.getText('t').insert(6, 'world')
    return { base: [a[0]], update: state(cy), by: 'cy', form: 'answer', sender: state(cy) }
  })
  add('offset-mid-struct', T, "the server's clock lies inside a struct that grew", () => {
    const d = person(ADA)
    const all = live(d, () => {
      d.getText('t').insert(0, 'hel')
      d.getText('t').insert(3, 'lo')
    })
    return { base: [all[0]], update: state(d), by: 'ada', form: 'answer', sender: state(d) }
  })
  add('three-clients-interleaved', T, 'three people in one line, all in one answer', () => {
    const docs = [person(ADA), person(BOB), person(CY)]
    const r = dice(roll.below(2 ** 31))
    for (let i = 0; i < 60; i++) {
      const d = docs[i % 3]
      d.getText('t').insert(Math.floor(r() * (d.getText('t').length + 1)), String.fromCharCode(97 + (i % 26)))
      for (const e of docs) if (e !== d && r() < 0.7) share(d, e)
    }
    for (const d of docs) for (const e of docs) if (d !== e) share(d, e)
    return { update: state(docs[0]), by: 'ada', form: 'answer' }
  })
  add('wait-for-each-other', T, 'sections that need each other back and forth', () => {
    const a = person(ADA)
    const b = person(BOB)
    for (let i = 0; i < 10; i++) {
      a.getText('t').insert(a.getText('t').length, 'a' + i)
      share(a, b)
      b.getText('t').insert(b.getText('t').length, 'b' + i)
      share(b, a)
    }
    return { update: state(b), by: 'ada', form: 'answer' }
  })
}
