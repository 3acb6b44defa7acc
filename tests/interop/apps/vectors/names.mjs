// Names of roots, keys and elements, and nesting.
import * as Y from 'yjs'
import {} from './making.mjs'

const T = { t: 'text' }
const M = { m: 'map' }
const A = { a: 'array' }
const X = { x: 'xml' }
const HIGH = '\ud83c'

export default function ({ one }) {
  // Names
  one('unnamed-text', { '': 'text' }, 'getText() without a name', d => d.getText().insert(0, 'secret'))
  one('unnamed-map', { '': 'map' }, 'getMap() without a name', d => d.getMap().set('k', 1))
  one('unnamed-array-nested', { '': 'array' }, 'getArray() without a name, a map inside', d =>
    d.getArray().push([new Y.Map([['k', 1]])])
  )
  one(
    'odd-root-names',
    { __proto__x: 'text', constructor: 'text', '😀': 'text', 'a/b.c': 'text', ' ': 'text' },
    'root names as they come',
    d => {
      for (const n of ['__proto__x', 'constructor', '😀', 'a/b.c', ' ']) d.getText(n).insert(0, n)
    }
  )
  one('long-root-name', { ['r'.repeat(300)]: 'text' }, 'root of 300 bytes: a path', d =>
    d.getText('r'.repeat(300)).insert(0, 'x')
  )
  one('unnamed-key', M, 'the empty map key', d => d.getMap('m').set('', 1))
  one('long-keys', { m: 'map', t: 'text' }, 'keys of 257 and 2,048 bytes (addresses), a format of 300', d => {
    d.getMap('m').set('https://' + 'x'.repeat(249), 1)
    d.getMap('m').set('k'.repeat(2048), 2)
    d.getText('t').insert(0, 'x', { ['f'.repeat(300)]: true })
  })
  one('long-element-name', X, 'element name of 300 bytes', d =>
    d.getXmlFragment('x').insert(0, [new Y.XmlElement('e'.repeat(300))])
  )
  one(
    'roots-300',
    Object.fromEntries(Array.from({ length: 300 }, (_, i) => ['src/f' + i, 'text'])),
    'a project of 300 files, one root each',
    d => {
      for (let i = 0; i < 300; i++) d.getText('src/f' + i).insert(0, 'f' + i)
    }
  )
  one('lone-in-key', M, 'half an emoji in a key: written as U+FFFD', d => d.getMap('m').set('cut ' + HIGH, 1))

  // Nesting
  for (const n of [1, 2, 8, 16, 31, 32, 33, 40]) {
    one(`nested-maps-${n}`, M, `maps nested ${n} deep (an outline)`, d => {
      let at = d.getMap('m')
      for (let i = 0; i < n; i++) {
        const next = new Y.Map()
        at.set('c', next)
        at = next
      }
      at.set('leaf', n)
    })
  }
  one('nested-arrays-40', A, 'lists in lists, 40 deep', d => {
    let at = d.getArray('a')
    for (let i = 0; i < 40; i++) {
      const next = new Y.Array()
      at.push([next])
      at = next
    }
    at.push(['leaf'])
  })
  one('nested-elements-40', X, 'elements 40 deep, text at the bottom', d => {
    let at = d.getXmlFragment('x')
    for (let i = 0; i < 40; i++) {
      const next = new Y.XmlElement('ul')
      at.insert(0, [next])
      at = next
    }
    at.insert(0, [new Y.XmlText('leaf')])
  })
  const deep = n => {
    let v = 'leaf'
    for (let i = 0; i < n; i++) v = i % 2 ? [v] : { c: v }
    return v
  }
  one('any-depth-17', M, 'JSON 17 deep in a map', d => d.getMap('m').set('k', deep(17)))
  one('any-depth-40', A, 'JSON 40 deep in an array', d => d.getArray('a').push([deep(40)]))
  one('embed-depth-20', T, 'JSON 20 deep in an embed', d => d.getText('t').insertEmbed(0, { d: deep(19) }))
  one('format-depth-20', T, 'JSON 20 deep in a format', d => d.getText('t').insert(0, 'x', { d: deep(20) }))
  one('text-in-map', M, 'a file tree: Y.Text inside Y.Map', d => {
    const f = new Y.Text()
    d.getMap('m').set('main.py', f)
    f.insert(0, 'print(1)\n')
    f.format(0, 5, { b: true })
  })
}
