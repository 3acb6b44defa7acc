// Large single edits.
import * as Y from 'yjs'
import { person, state } from './making.mjs'

const T = { t: 'text' }
const M = { m: 'map' }
const A = { a: 'array' }
const X = { x: 'xml' }

export default function ({ ADA, add, both, one }) {
  // Large single edits
  both('map-1500-keys', M, '1,500 keys in one transaction', d => {
    for (let i = 0; i < 1500; i++) d.getMap('m').set('key number ' + i, i)
  })
  both('array-25000-pushed', A, '25,000 numbers by one push: one struct', d =>
    d.getArray('a').push(Array.from({ length: 25000 }, (_, i) => i))
  )
  one(
    'array-12000-one-by-one',
    A,
    '12,000 numbers pushed one by one in one transaction: Yjs joins them before it sends',
    d => {
      const a = d.getArray('a')
      for (let i = 0; i < 12000; i++) a.push([i])
    }
  )
  add('array-250000', A, 'a table of 250,000 numbers brought in', () => {
    const d = person(ADA)
    d.getArray('a').push(Array.from({ length: 250000 }, (_, i) => i * 7))
    return { update: state(d), form: 'answer' }
  })
  const lines = n => Array.from({ length: n }, (_, i) => `line ${i}\n`).join('')
  both(
    'reindent-12000',
    T,
    '12,000 lines indented in one transaction',
    d => {
      const t = d.getText('t')
      const text = t.toString()
      const starts = [0]
      for (let i = 0; i < text.length - 1; i++) if (text[i] === '\n') starts.push(i + 1)
      for (const at of starts.reverse()) t.insert(at, '    ')
    },
    d => d.getText('t').insert(0, lines(12000))
  )
  both(
    'unindent-21000',
    T,
    '21,000 lines unindented: as many delete ranges',
    d => {
      const t = d.getText('t')
      for (let i = 20999; i >= 0; i--) t.delete(i * 4, 2)
    },
    d => d.getText('t').insert(0, '  x\n'.repeat(21000))
  )
  both('paste-300k', T, '300 KiB pasted', d => d.getText('t').insert(0, lines(40000).slice(0, 300 << 10)))
  both('image-300k', T, 'a picture of 300 KiB as an embed', d =>
    d.getText('t').insertEmbed(0, { image: 'data:image/png;base64,' + 'A'.repeat(300 << 10) })
  )
  both('paragraphs-520', X, '520 paragraphs pasted', d => {
    const x = d.getXmlFragment('x')
    x.insert(
      0,
      Array.from({ length: 520 }, (_, i) => {
        const p = new Y.XmlElement('paragraph')
        p.insert(0, [new Y.XmlText('Paragraph ' + i)])
        return p
      })
    )
  })
  both('rows-1001', A, 'a sheet: 1,001 rows, each a map with three cells', d =>
    d.getArray('a').push(
      Array.from(
        { length: 1001 },
        (_, i) =>
          new Y.Map([
            ['a', i],
            ['b', 'x' + i],
            ['c', null]
          ])
      )
    )
  )
  one(
    'select-all-bold-2000-lines',
    { q: 'text' },
    '2,000 lines become list items: two formats each',
    d => {
      const q = d.getText('q')
      let at = 0
      for (let i = 0; i < 2000; i++) {
        q.format(at + 4, 1, { list: 'bullet' })
        at += 5
      }
    },
    d => d.getText('q').insert(0, 'item\n'.repeat(2000))
  )
}
