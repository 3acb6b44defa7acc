// Each kind of content, first structs of a root, and XML.
import * as Y from 'yjs'
import { live, once, person, state, unhex } from './making.mjs'

const T = { t: 'text' }
const M = { m: 'map' }
const A = { a: 'array' }
const X = { x: 'xml' }

export default function ({ ADA, BOB, add, both, one, typed }) {
  // Kinds of content
  one('string', T, 'ContentString (4): typed text', d => d.getText('t').insert(0, 'hello'))
  one(
    'string-behind-known',
    T,
    'typed behind what the server has',
    d => d.getText('t').insert(5, ' world'),
    d => d.getText('t').insert(0, 'hello')
  )
  one(
    'delete-only',
    T,
    'an update without structs, only a delete set',
    d => d.getText('t').delete(1, 2),
    d => d.getText('t').insert(0, 'hello')
  )
  add('deleted-content', T, 'ContentDeleted (1): what garbage collection leaves of deleted text', () => {
    const d = person(ADA)
    d.getText('t').insert(0, 'hello')
    d.getText('t').delete(1, 3)
    return { update: state(d), form: 'answer' }
  })
  add(
    'json-legacy',
    A,
    'ContentJSON (2): arrays of documents begun with Yjs before 13.0; 13.6 keeps and sends it as it is, undefined included',
    () => {
      const raw = unhex(
        '0101' +
          '07' +
          '00' +
          '02' +
          '0101' +
          '61' +
          '04' +
          '0131' +
          '057b2278223a'.replace('05', '07') +
          '317d' +
          '09756e646566696e6564' +
          '046e756c6c' +
          '00'
      )
      return { update: state(person(ADA, [raw])), form: 'answer' }
    }
  )
  one('binary', { m: 'map', a: 'array' }, 'ContentBinary (3) in a map and in an array', d => {
    d.getMap('m').set('b', new Uint8Array([0, 255, 128]))
    d.getArray('a').push([1, new Uint8Array([9]), 2])
  })
  one(
    'embed',
    T,
    'ContentEmbed (5) between letters',
    d => d.getText('t').insertEmbed(2, { image: 'a.png', w: 10 }),
    d => d.getText('t').insert(0, 'abcd')
  )
  one(
    'embed-type',
    T,
    'a shared type as an embed in a text',
    d => {
      const m = new Y.Map()
      d.getText('t').insertEmbed(2, m)
      m.set('cell', 1)
    },
    d => d.getText('t').insert(0, 'abcd')
  )
  one(
    'format',
    T,
    'ContentFormat (6): two structs without length in the text',
    d => d.getText('t').format(1, 2, { bold: true }),
    d => d.getText('t').insert(0, 'abcd')
  )
  one(
    'format-removed',
    T,
    'a format taken off again: values null, and deleted formats',
    d => d.getText('t').format(1, 1, { bold: null }),
    d => {
      d.getText('t').insert(0, 'abcd')
      d.getText('t').format(0, 4, { bold: true, color: '#f00' })
    }
  )
  one('types', { m: 'map', x: 'xml' }, 'ContentType (7) of each of the seven kinds', d => {
    const m = d.getMap('m')
    m.set('0', new Y.Array())
    m.set('1', new Y.Map())
    m.set('2', new Y.Text('x'))
    m.set('3', new Y.XmlElement('p'))
    m.set('4', new Y.XmlFragment())
    m.set('5', new Y.XmlHook('widget'))
    m.set('6', new Y.XmlText('y'))
  })
  add('map-key-behind-gc', X, 'an attribute set again behind a value that is a GC struct by now', () => {
    const ada = person(ADA)
    const x = ada.getXmlFragment('x')
    x.insert(0, [new Y.XmlElement('p')])
    x.get(0).setAttribute('k', 'v')
    const bob = person(BOB, [state(ada)])
    x.delete(0, 1)
    return {
      base: [state(ada)],
      update: once(bob, () => bob.getXmlFragment('x').get(0).setAttribute('k', 'late')),
      by: 'bob',
      form: 'live',
      sender: state(bob)
    }
  })
  one('any', { m: 'map', a: 'array' }, 'ContentAny (8)', d => {
    d.getMap('m').set('k', { deep: [1, 'two', null, true, { x: 1.5 }] })
    d.getArray('a').push([1, 'two', null, false, [], {}])
  })
  const sub = (guid, options = {}) => new Y.Doc({ guid, ...options })
  both('subdocument', { m: 'map', a: 'array' }, 'ContentDoc (9): guid and options', d => {
    d.getMap('m').set('page', sub('11111111-1111-4111-8111-111111111111'))
    d.getMap('m').set(
      'meta',
      sub('22222222-2222-4222-8222-222222222222', { meta: { title: 'x' }, autoLoad: true, gc: false })
    )
    d.getArray('a').push([sub('33333333-3333-4333-8333-333333333333')])
  })
  add('subdocument-replaced', M, 'a subdocument is set again by another one', () => {
    const d = person(ADA)
    const base = live(d, () => d.getMap('m').set('page', sub('aaaa')))
    return { base, update: once(d, () => d.getMap('m').set('page', sub('bbbb'))), form: 'live' }
  })
  add('gc-struct', X, 'GC (0): children of a deleted element', () => {
    const d = person(ADA)
    d.getXmlFragment('x').insert(0, [new Y.XmlElement('p')])
    d.getXmlFragment('x')
      .get(0)
      .insert(0, [new Y.XmlText('hello')])
    d.getXmlFragment('x').delete(0, 1)
    return { update: state(d), form: 'answer' }
  })
  add('empty-update', T, 'the answer of a client that has nothing new', () => ({
    update: state(person(ADA)),
    form: 'answer'
  }))

  // First structs of a root
  one('first-format', T, 'insert with a format into an empty text: the first struct is a format', d =>
    d.getText('t').insert(0, 'Hello', { bold: true })
  )
  one('first-embed', T, 'an image first', d => {
    d.getText('t').insertEmbed(0, { image: 'x' })
    d.getText('t').insert(1, 'after')
  })
  one('first-header', { quill: 'text' }, 'what y-quill makes of a header', d =>
    d.getText('quill').applyDelta([{ insert: 'Title' }, { insert: '\n', attributes: { header: 1 } }])
  )
  one('first-format-deleted', T, 'formatted text only, then all of it deleted and typed again', d => {
    const t = d.getText('t')
    t.insert(0, 'a', { b: 1 })
    t.delete(0, 1)
    t.insert(0, 'c')
  })
  add('first-deleted', T, 'the first letter of a text was deleted: the root is named by a ContentDeleted', () => {
    const d = person(ADA)
    d.getText('t').insert(0, 'hello')
    d.getText('t').delete(0, 1)
    return { update: state(d), form: 'answer' }
  })
  add('first-deleted-replaced', T, 'all was selected and written again', () => {
    const d = person(ADA)
    d.getText('t').insert(0, 'old')
    d.getText('t').delete(0, 3)
    d.getText('t').insert(0, 'new')
    return { update: state(d), form: 'answer' }
  })
  add('first-by-other', T, 'somebody wrote above a first struct that is a format', () => {
    const a = person(ADA)
    a.getText('t').insert(0, 'bold', { b: true })
    const base = [state(a)]
    const b = person(BOB, base)
    return { base, update: once(b, () => b.getText('t').insert(0, 'above ')), by: 'bob', form: 'live' }
  })
  one('root-text-attributes', T, 'attributes of a text: values under keys, in a root that is a text', d => {
    d.getText('t').setAttribute('lang', 'de')
    d.getText('t').insert(0, 'x')
  })

  // XML
  one('xml-document', X, 'paragraphs with attributes that are no strings, marks, nested lists', d => {
    const p = new Y.XmlElement('paragraph')
    p.setAttribute('align', 'left')
    p.setAttribute('level', 2)
    p.setAttribute('data', { a: [1] })
    const t = new Y.XmlText()
    t.insert(0, 'Hello ')
    t.insert(6, 'bold', { bold: {} })
    p.insert(0, [t])
    const ul = new Y.XmlElement('ul')
    ul.insert(0, [new Y.XmlElement('li'), new Y.XmlElement('li')])
    d.getXmlFragment('x').insert(0, [p, ul])
  })
  one('xml-hook', X, 'XmlHook, rare but part of Yjs', d => {
    const h = new Y.XmlHook('widget')
    d.getXmlFragment('x').insert(0, [h])
    h.set('state', 1)
  })
  one('xml-text-in-root', X, 'XmlText straight in a fragment, formatted first', d => {
    const t = new Y.XmlText()
    d.getXmlFragment('x').insert(0, [t])
    t.insert(0, 'b', { bold: true })
  })
  one('xml-fragment-in-map', M, 'a rich text inside a map', d => {
    const f = new Y.XmlFragment()
    d.getMap('m').set('body', f)
    f.insert(0, [new Y.XmlElement('p')])
  })
  one(
    'xml-attribute-removed',
    X,
    'an attribute is taken off',
    d => d.getXmlFragment('x').get(0).removeAttribute('k'),
    d => {
      const e = new Y.XmlElement('p')
      e.setAttribute('k', 'v')
      d.getXmlFragment('x').insert(0, [e])
    }
  )
}
