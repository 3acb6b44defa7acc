// Documents with an ordinary history, which another server or a browser's own store may have:
// {roots, make}.
import * as Y from 'yjs'
import { YKeyValue } from 'y-utility/y-keyvalue'
import { paragraph } from './edits.mjs'

/** Return documents of people who receive each other's edits immediately. */
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
  '1,100 lines at the top by two people in turn': {
    roots: { codemirror: 'text' },
    make: () => inTurn(2, 1100, (doc, turn) => doc.getText('codemirror').insert(0, `line ${turn}\n`))
  },
  '300 lines at the top by two people apart': {
    roots: { codemirror: 'text' },
    make: () => apart(2, 300, (doc, turn, who) => doc.getText('codemirror').insert(0, `${who} ${turn}\n`))
  },
  '6,000 edits of a text by three people': {
    roots: { codemirror: 'text' },
    make: () =>
      inTurn(3, 6000, (doc, turn) => {
        const text = doc.getText('codemirror')
        const at = (turn * 7919) % (text.length + 1)
        if (turn % 4 === 3 && at < text.length) text.delete(at, 1)
        else text.insert(at, 'word '.slice(0, 1 + (turn % 5)))
      })
  },
  'a list of 1,100 entries, newest first': {
    roots: { log: 'array' },
    make: () => inTurn(2, 1100, (doc, turn) => doc.getArray('log').unshift([{ turn }]))
  },
  'a chat of 11,000 messages': {
    roots: { chat: 'array' },
    make: () => inTurn(2, 11_000, (doc, turn) => doc.getArray('chat').push([{ turn }]))
  },
  '20 settings set 30,000 times': {
    roots: { settings: 'map' },
    make: () => inTurn(1, 30_000, (doc, turn) => doc.getMap('settings').set('k' + (turn % 20), turn))
  },
  '250,000 numbers': {
    roots: { samples: 'array' },
    make: () => inTurn(1, 1, doc => doc.getArray('samples').push(Array.from({ length: 250_000 }, (_, index) => index)))
  },
  '800 paragraphs edited 6,000 times by three people': {
    roots: { default: 'xml' },
    make: () => {
      const docs = people(3)
      for (let index = 0; index < 800; index++) docs[0].getXmlFragment('default').push([paragraph('text ' + index)])
      for (let turn = 0; turn < 6000; turn++) {
        const text = docs[turn % 3]
          .getXmlFragment('default')
          .get((turn * 7) % 800)
          .get(0)
        text.insert(turn % text.length, 'w')
      }
      return docs[0]
    }
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
