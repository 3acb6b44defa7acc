// Writes recorded.txt, which has the frames that Yjs sends when people type, format, undo, nest
// and delete.
// `node tests/fuzz/corpus/make.mjs > tests/fuzz/corpus/recorded.txt`
import { createRequire } from 'node:module'

const require = createRequire(new URL('../../node/', import.meta.url))
const Y = require('yjs')
const { Awareness, encodeAwarenessUpdate } = require('y-protocols/awareness')
const encoding = require('lib0/encoding')

const ADA = 1
const BOB = 3_141_592_653
const NAMES = ['ada', 'bob']

console.log('# Frames that real Yjs clients send: a session, who sends, the frame in hex. Made by make.mjs.')

function line (session, user, write, comment) {
  const encoder = encoding.createEncoder()
  write(encoder)
  console.log(`${session} ${user} ${Buffer.from(encoding.toUint8Array(encoder)).toString('hex')}  # ${comment}`)
}

function sync (session, user, type, payload, comment) {
  line(session, user, encoder => {
    encoding.writeVarUint(encoder, 0)
    encoding.writeVarUint(encoder, type)
    encoding.writeVarUint8Array(encoder, payload)
  }, comment)
}

// Two people who see each other's edits immediately, unless `apart`. `steps` are [person, comment, edit].
function record (session, steps, { gc = true, apart = false } = {}) {
  const docs = [ADA, BOB].map(clientID => Object.assign(new Y.Doc({ gc }), { clientID }))
  const held = []
  let comment = ''
  docs.forEach((doc, number) => doc.on('update', (update, origin) => {
    if (origin === 'other') return
    sync(session, NAMES[number], 2, update, comment)
    if (apart) held.push([1 - number, update])
    else Y.applyUpdate(docs[1 - number], update, 'other')
  }))
  const undo = docs.map(doc => new Y.UndoManager([doc.getText('codemirror')], { captureTimeout: 0 }))
  for (const [person, what, edit] of steps) {
    comment = what
    docs[person].transact(() => edit(docs[person], undo[person]))
  }
  held.forEach(([other, update]) => Y.applyUpdate(docs[other], update, 'other'))
  sync(session, 'ada', 0, Y.encodeStateVector(docs[0]), 'state vector at the end')
  sync(session, 'bob', 1, Y.encodeStateAsUpdate(docs[1]), 'the whole state as an answer')
  return docs
}

const text = doc => doc.getText('codemirror')

record('typing', [
  [0, 'the first word', d => text(d).insert(0, 'hello world')],
  [1, 'behind it', d => text(d).insert(11, '!')],
  [0, 'in the middle', d => text(d).insert(5, ',')],
  [1, 'a word deleted', d => text(d).delete(6, 6)],
  [0, 'typed over a selection', d => { text(d).delete(0, 5); text(d).insert(0, 'HI') }],
  [1, 'lines', d => text(d).insert(0, 'def f():\n    pass\n')]
])
record('apart', [
  [0, 'while offline', d => text(d).insert(0, 'abc')],
  [1, 'the same place', d => text(d).insert(0, 'xyz')],
  [0, 'goes on', d => text(d).insert(1, '12')],
  [1, 'deletes', d => text(d).delete(1, 1)]
], { apart: true })
record('emoji', [
  [0, 'characters of two units', d => text(d).insert(0, 'a😀b👩‍👩‍👧é')],
  [1, 'between them', d => text(d).insert(3, 'x')],
  [1, 'half of one deleted', d => text(d).delete(1, 1)],
  [0, 'behind the other half', d => text(d).insert(2, '👍')]
])
record('formats', [
  [0, 'bold and an image', d => {
    text(d).insert(0, 'bold', { bold: true })
    text(d).insertEmbed(2, { image: 'x.png', size: [1, 2] })
  }],
  [1, 'a range italic', d => text(d).format(1, 3, { italic: true, color: '#f00' })],
  [0, 'no more bold', d => text(d).format(0, 2, { bold: null })],
  [1, 'plain behind', d => text(d).insert(4, 'plain')]
])
record('undo', [
  [0, 'typed', d => text(d).insert(0, 'one two')],
  [0, 'deleted', d => text(d).delete(0, 4)]
].concat([[0, 'undone', (d, undo) => undo.undo()], [0, 'redone', (d, undo) => undo.redo()]]), { gc: false })
record('maps', [
  [0, 'values of every kind', d => {
    const map = d.getMap('settings')
    const values = { tab: 4, big: 2 ** 40, less: -7, half: 0.5, yes: true, no: null, none: undefined, long: 2n ** 60n }
    Object.entries(values).forEach(([key, value]) => map.set(key, value))
    map.set('deep', { a: [1, { b: [2] }] })
    map.set('bytes', new Uint8Array([1, 2, 255]))
  }],
  [1, 'a key set again', d => d.getMap('settings').set('tab', 8)],
  [0, 'a key removed', d => d.getMap('settings').delete('half')],
  [1, 'text in a map', d => d.getMap('settings').set('note', new Y.Text('inside'))],
  [0, 'typed in it', d => d.getMap('settings').get('note').insert(6, '!')]
])
record('arrays', [
  [0, 'values and types', d => {
    d.getArray('list').insert(0, [1, 'two', { three: 3 }])
    d.getArray('list').push([new Y.Map([['k', 1]]), new Y.Array()])
  }],
  [1, 'in the nested ones', d => {
    d.getArray('list').get(3).set('k', 2)
    d.getArray('list').get(4).push([new Y.Text('deep'), 9])
  }],
  [0, 'some deleted', d => d.getArray('list').delete(1, 3)],
  [1, 'at the front', d => d.getArray('list').unshift([0])]
])
record('xml', [
  [0, 'paragraphs', d => {
    const paragraph = new Y.XmlElement('paragraph')
    paragraph.setAttribute('align', 'left')
    paragraph.insert(0, [new Y.XmlText('some text')])
    d.getXmlFragment('prosemirror').insert(0, [paragraph, new Y.XmlElement('hr')])
  }],
  [1, 'text and a mark', d => {
    const inner = d.getXmlFragment('prosemirror').get(0).get(0)
    inner.insert(4, ' more')
    inner.format(0, 4, { strong: {} })
  }],
  [0, 'an attribute', d => d.getXmlFragment('prosemirror').get(0).setAttribute('align', 'right')],
  [1, 'a paragraph deleted', d => d.getXmlFragment('prosemirror').delete(0, 1)]
])
const [files] = record('files', [
  [0, 'three files', d => ['codemirror', 'main.py', 'notes'].forEach(root => d.getText(root).insert(0, root))],
  [1, 'one emptied', d => d.getText('notes').delete(0, 5)],
  [0, 'another', d => d.getText('main.py').insert(4, '_test')]
])

const loner = Object.assign(new Y.Doc(), { clientID: 77 })
const updates = []
loner.on('update', update => updates.push(update))
for (let i = 0; i < 4; i++) loner.getText('codemirror').insert(i, 'abcd'[i])
sync('merged', 'ada', 2, Y.mergeUpdates(updates.slice(0, 2)), 'two keystrokes merged')
sync('merged', 'ada', 1, Y.mergeUpdates(updates.slice(2)), 'two more')
sync('unusual', 'ada', 2, updates[0], 'a keystroke')
sync('unusual', 'ada', 1, Y.mergeUpdates(updates), 'it and three more')
sync('unusual', 'ada', 2, Y.mergeUpdates([updates[0], updates[3]]), 'a hole between two keystrokes')
sync('unusual', 'ada', 2, Y.diffUpdate(Y.mergeUpdates(updates), new Uint8Array([1, 77, 2])), 'the second half only')
sync('unusual', 'ada', 1, Y.encodeStateAsUpdateV2(files), 'version 2 of the format')
sync('unusual', 'ada', 1, new Uint8Array([0, 0]), 'nothing')
const parent = Object.assign(new Y.Doc(), { clientID: 78 })
parent.getMap('documents').set('inner', new Y.Doc({ guid: 'guid' }))
sync('unusual', 'ada', 2, Y.encodeStateAsUpdate(parent), 'a document in a document')

const undoing = Object.assign(new Y.Doc(), { clientID: 79 })
const settings = undoing.getMap('settings')
const kept = new Y.UndoManager(settings, { captureTimeout: 0 })
for (let i = 0; i < 4; i++) settings.set('tab', i)
sync('kept', 'bob', 1, Y.encodeStateAsUpdate(undoing), 'values kept for undoing, in one struct')
undoing.on('update', (update, _origin, _doc, { local }) => sync('kept', 'bob', 2, update, 'undone, redone, set again'))
kept.undo()
kept.undo()
kept.redo()
settings.set('tab', 9)

const awareness = new Awareness(loner)
const say = (comment, clients = [77]) => line('presence', 'ada', encoder => {
  encoding.writeVarUint(encoder, 1)
  encoding.writeVarUint8Array(encoder, encodeAwarenessUpdate(awareness, clients))
}, comment)
say('here')
awareness.setLocalState({ user: { name: 'Ada', color: '#30bced' }, cursor: { anchor: { item: { client: 77, clock: 2 } } } })
say('name and cursor')
awareness.states.set(BOB, { user: { name: 'Bob 😀' } })
awareness.meta.set(BOB, { clock: 3, lastUpdated: 0 })
say('two clients', [77, BOB])
awareness.setLocalState(null)
say('gone')
awareness.destroy()
line('presence', 'bob', encoder => encoding.writeVarUint(encoder, 3), 'who is here?')
