// Long histories, and histories with many conflicts.
import * as Y from 'yjs'
import { dice, live, mergedInTens, once, person, share, state } from './making.mjs'

const T = { t: 'text' }
const M = { m: 'map' }
const A = { a: 'array' }
const X = { x: 'xml' }

export default function ({ ADA, BOB, add, roll }) {
  // Long and contended histories
  add('top-1100-in-turn', T, '1,100 lines written at the top by two people in turn', () => {
    const a = person(ADA)
    const b = person(BOB)
    for (let i = 0; i < 1100; i++) {
      const [d, e] = i % 2 ? [a, b] : [b, a]
      Y.applyUpdate(
        e,
        once(d, () => d.getText('t').insert(0, `message ${i}\n`))
      )
    }
    return { update: state(a), by: 'ada', form: 'answer' }
  })
  add('top-1100-offline', T, '550 lines each at the top by two people who were apart', () => {
    const a = person(ADA)
    const b = person(BOB)
    for (const d of [a, b]) for (let i = 0; i < 550; i++) d.getText('t').insert(0, `${d.clientID} ${i}\n`)
    share(b, a)
    return { update: state(a), by: 'ada', form: 'answer' }
  })
  add('top-300-live', T, "300 inserts at the top in one transaction, each over the other's latest", () => {
    const a = person(ADA)
    const base = [once(a, () => a.getText('t').insert(0, '0\n'))]
    const b = person(BOB, base)
    const made = []
    for (let i = 0; i < 300; i++) made.push(once(b, () => b.getText('t').insert(0, `b${i}\n`)))
    return { base, update: Y.mergeUpdates(made), by: 'bob', form: 'live', sender: state(b) }
  })
  add('sets-30000', M, '20 settings set 30,000 times', () => {
    const d = person(ADA)
    for (let i = 0; i < 30000; i++) d.getMap('m').set('setting' + (i % 20), i)
    return { update: state(d), form: 'answer' }
  })
  add('sets-30000-random', M, 'the same at random by two people in turn', () => {
    const a = person(ADA)
    const b = person(BOB)
    const r = dice(roll.below(2 ** 31))
    for (let i = 0; i < 30000; i++) {
      const [d, e] = i % 2 ? [a, b] : [b, a]
      Y.applyUpdate(
        e,
        once(d, () => d.getMap('m').set('s' + Math.floor(r() * 20), i))
      )
    }
    return { update: state(a), by: 'ada', form: 'answer' }
  })
  add('chat-11000', A, 'a chat of 11,000 messages by two', () => {
    const a = person(ADA)
    const b = person(BOB)
    for (let i = 0; i < 11000; i++) {
      const [d, e] = i % 2 ? [a, b] : [b, a]
      Y.applyUpdate(
        e,
        once(d, () => d.getArray('a').push([`m${i}`]))
      )
    }
    return { update: state(a), by: 'ada', form: 'answer' }
  })
  add('key-100-concurrent', M, 'a hundred clients set one key at the same time', () => {
    const docs = Array.from({ length: 100 }, (_, i) => {
      const d = person(1000 + i)
      d.getMap('m').set('k', i)
      return d
    })
    const a = person(ADA)
    for (const d of docs) share(d, a)
    return { update: state(a), by: 'ada', form: 'answer' }
  })
  add('paragraphs-lifetime-2200', X, '2,200 paragraphs made and deleted, one is left', () => {
    const d = person(ADA)
    const x = d.getXmlFragment('x')
    for (let i = 0; i < 2200; i++) {
      const p = new Y.XmlElement('paragraph')
      p.insert(0, [new Y.XmlText('p' + i)])
      x.insert(0, [p])
      if (i) x.delete(1, 1)
    }
    return { update: state(d), form: 'answer' }
  })
  add(
    'paragraphs-lifetime-merged',
    X,
    'the same as it came live, merged by a program that does not collect: 4,400 types, two are left',
    () => {
      const d = person(ADA)
      const x = d.getXmlFragment('x')
      const all = live(d, () => {
        for (let i = 0; i < 2200; i++)
          d.transact(() => {
            const p = new Y.XmlElement('paragraph')
            p.insert(0, [new Y.XmlText('p' + i)])
            x.insert(0, [p])
            if (i) x.delete(1, 1)
          })
      })
      return { update: mergedInTens(all), form: 'answer' }
    }
  )
  add(
    'paragraphs-living-2200',
    X,
    '2,200 paragraphs with text, all living: 4,400 types with something in them or their own',
    () => {
      const d = person(ADA)
      const x = d.getXmlFragment('x')
      for (let i = 0; i < 2200; i++) {
        const p = new Y.XmlElement('paragraph')
        x.insert(x.length, [p])
        p.insert(0, [new Y.XmlText('p' + i)])
      }
      return { update: state(d), form: 'answer' }
    }
  )
  add('sheet-edited', A, '1,900 rows edited 15,000 times', () => {
    const d = person(ADA)
    const a = d.getArray('a')
    const r = dice(roll.below(2 ** 31))
    d.transact(() => a.push(Array.from({ length: 1900 }, (_, i) => new Y.Map([['v', i]]))))
    for (let i = 0; i < 15000; i++) a.get(Math.floor(r() * 1900)).set('v', i)
    return { update: state(d), form: 'answer' }
  })
  add('typing-5000-random', T, '5,000 letters at random places and deletions by two', () => {
    const a = person(ADA)
    const b = person(BOB)
    const r = dice(roll.below(2 ** 31))
    for (let i = 0; i < 5000; i++) {
      const [d, e] = r() < 0.5 ? [a, b] : [b, a]
      const t = d.getText('t')
      Y.applyUpdate(
        e,
        once(d, () =>
          r() < 0.3 && t.length
            ? t.delete(Math.floor(r() * t.length), 1)
            : t.insert(Math.floor(r() * (t.length + 1)), 'x' + i)
        )
      )
    }
    return { update: state(a), by: 'ada', form: 'answer' }
  })
  add('clients-1500', T, '1,500 client ids, one for each reload', () => {
    const d = person(ADA)
    for (let i = 0; i < 1500; i++) {
      const e = person(5000 + i, [state(d)])
      e.getText('t').insert(e.getText('t').length, 'r')
      share(e, d)
    }
    return { update: state(d), form: 'answer' }
  })
}
