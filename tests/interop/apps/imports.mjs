// Documents with an ordinary history, as another server or the browser's own store has them: {roots, make}.
import * as Y from 'yjs'
import { YKeyValue } from 'y-utility/y-keyvalue'
import { paragraph } from './edits.mjs'

/** People who hear each other immediately. */
function people(count) {
  const docs = Array.from({ length: count }, () => new Y.Doc())
  for (const doc of docs) {
    doc.on('update', (update, origin) => {
      if (origin !== 'net') for (const other of docs) if (other !== doc) Y.applyUpdate(other, update, 'net')
    })
  }
  return docs
}

const inTurn = (count, turns, edit) => {
  const docs = people(count)
  for (let turn = 0; turn < turns; turn++) edit(docs[turn % count], turn)
  return docs[0]
}

const apart = (count, turns, edit) => {
  const docs = Array.from({ length: count }, () => new Y.Doc())
  docs.forEach((doc, index) => {
    for (let turn = 0; turn < turns; turn++) edit(doc, turn, index)
  })
  for (const doc of docs) Y.applyUpdate(docs[0], Y.encodeStateAsUpdate(doc))
  return docs[0]
}

export const imports = {
  '300 lines at the top by two people apart': {
    roots: { codemirror: 'text' },
    make: () => apart(2, 300, (doc, turn, who) => doc.getText('codemirror').insert(0, `${who} ${turn}\n`))
  },
  '20 settings set 30,000 times': {
    roots: { settings: 'map' },
    make: () => inTurn(1, 30_000, (doc, turn) => doc.getMap('settings').set('k' + (turn % 20), turn))
  },
  '250,000 numbers': {
    roots: { samples: 'array' },
    make: () => inTurn(1, 1, doc => doc.getArray('samples').push(Array.from({ length: 250_000 }, (_, index) => index)))
  },
  'keys of YKeyValue set 6,000 times by two people': {
    roots: { kv: 'array' },
    make: () => {
      const docs = people(2)
      const maps = docs.map(doc => new YKeyValue(doc.getArray('kv')))
      for (let turn = 0; turn < 6000; turn++) maps[turn % 2].set('k' + ((turn * 31) % 40), { turn })
      return docs[0]
    }
  },
  'a life of 2,200 paragraphs, merged and never collected': {
    roots: { default: 'xml' },
    make: () => {
      const doc = new Y.Doc({ gc: false })
      const page = doc.getXmlFragment('default')
      for (let index = 0; index < 2200; index++) {
        page.insert(0, [paragraph('draft ' + index)])
        if (index) page.delete(1, 1)
      }
      return doc
    }
  },
  '900 reloads, each a client id': {
    roots: { codemirror: 'text' },
    make: () => {
      let state = Y.encodeStateAsUpdate(new Y.Doc())
      for (let reload = 0; reload < 900; reload++) {
        const doc = new Y.Doc()
        Y.applyUpdate(doc, state)
        doc.getText('codemirror').insert(doc.getText('codemirror').length, 'r')
        state = Y.encodeStateAsUpdate(doc)
      }
      const doc = new Y.Doc()
      Y.applyUpdate(doc, state)
      return doc
    }
  }
}
