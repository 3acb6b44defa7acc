// Edits that apps make in one transaction, by name: {roots, before, edit}. `edit` gets the document.
import * as Y from 'yjs'

const LINE = '    return\n'
const preview = 'all of this is done 🎉'.slice(0, 21) // `slice` counts UTF-16 units: half an emoji is at the end
const address = 'https://example.org/?' + 'q'.repeat(236)

export const paragraph = (text, name = 'paragraph') => {
  const element = new Y.XmlElement(name)
  element.insert(0, [new Y.XmlText(text)])
  return element
}
const times = (count, make) => Array.from({ length: count }, (_, index) => make(index))
const nest = (levels, make) => {
  let inner = null
  for (let level = 0; level < levels; level++) inner = make(inner)
  return inner
}
const item = inner => {
  const element = new Y.XmlElement('item')
  element.insert(0, [inner ?? new Y.XmlText('x')])
  return element
}
const cells = row =>
  new Y.Map([
    ['id', row],
    ['name', 'row ' + row],
    ['price', row * 1.5],
    ['note', null]
  ])
const form = { title: 'x', first: 1, second: 2, last: 3, abc: 4, inner: { z: 1, a: 2 } }

const text = { codemirror: 'text' }
const quill = { quill: 'text' }
const xml = { default: 'xml' }

/** Edits that are large in one live update: many structs, values, delete ranges or bytes. The server must take each. */
export const large = {
  'paste of 300 KiB': { roots: text, edit: doc => doc.getText('codemirror').insert(0, 'x'.repeat(300 << 10)) },
  'paste of 900 KiB': {
    roots: text,
    edit: doc => doc.getText('codemirror').insert(0, 'line of text\n'.repeat(70_000))
  },
  'indentation of 12,000 lines': {
    roots: text,
    before: doc => doc.getText('codemirror').insert(0, LINE.repeat(12_000)),
    edit: doc =>
      doc.transact(() => {
        for (let line = 11_999; line >= 0; line--) {
          doc.getText('codemirror').delete(line * LINE.length, 4)
          doc.getText('codemirror').insert(line * LINE.length, '\t')
        }
      })
  },
  'indentation of 12,000 lines from the top': {
    roots: text,
    before: doc => doc.getText('codemirror').insert(0, LINE.repeat(12_000)),
    edit: doc =>
      doc.transact(() => {
        for (let line = 0; line < 12_000; line++) doc.getText('codemirror').insert(line * (LINE.length + 1), '\t')
      })
  },
  'a word replaced at 21,000 places': {
    roots: text,
    before: doc => doc.getText('codemirror').insert(0, 'foo = 1\n'.repeat(21_000)),
    edit: doc =>
      doc.transact(() => {
        for (let line = 20_999; line >= 0; line--) doc.getText('codemirror').delete(line * 8, 3)
      })
  },
  'picture of 300 KiB': {
    roots: quill,
    edit: doc => doc.getText('quill').insertEmbed(0, { image: 'data:image/png;base64,' + 'A'.repeat(300 << 10) })
  },
  '2,000 lines become a list': {
    roots: quill,
    before: doc => doc.getText('quill').insert(0, 'item\n'.repeat(2000)),
    edit: doc =>
      doc.transact(() => {
        for (let line = 0; line < 2000; line++) doc.getText('quill').format(line * 5 + 4, 1, { list: 'bullet' })
      })
  },
  '520 paragraphs': {
    roots: xml,
    edit: doc =>
      doc.getXmlFragment('default').insert(
        0,
        times(520, index => paragraph('p' + index))
      )
  },
  '340 headings': {
    roots: xml,
    edit: doc =>
      doc.getXmlFragment('default').insert(
        0,
        times(340, index => {
          const heading = paragraph('h' + index, 'heading')
          heading.setAttribute('level', 2)
          return heading
        })
      )
  },
  '60 rows of a table': {
    roots: xml,
    edit: doc => {
      const table = new Y.XmlElement('table')
      table.insert(
        0,
        times(60, row => {
          const line = new Y.XmlElement('tableRow')
          line.insert(
            0,
            times(5, column => {
              const cell = new Y.XmlElement('tableCell')
              cell.setAttribute('colspan', 1)
              cell.insert(0, [paragraph(`${row}.${column}`)])
              return cell
            })
          )
          return line
        })
      )
      doc.getXmlFragment('default').insert(0, [table])
    }
  },
  '1,001 keys': {
    roots: { cells: 'map' },
    edit: doc =>
      doc.transact(() => {
        for (let key = 0; key < 1001; key++) doc.getMap('cells').set('k' + key, key)
      })
  },
  '1,200 rows of a sheet': {
    roots: { rows: 'array' },
    edit: doc => doc.getArray('rows').insert(0, times(1200, cells))
  },
  '12,000 numbers one by one': {
    roots: { samples: 'array' },
    edit: doc =>
      doc.transact(() => {
        for (let index = 0; index < 12_000; index++) doc.getArray('samples').unshift([index])
      })
  },
  '100,000 numbers': {
    roots: { samples: 'array' },
    edit: doc => doc.getArray('samples').push(times(100_000, index => index))
  }
}

/** Edits with long names, deep nesting or rare types, which ordinary apps make. The server must take each. */
export const bounds = {
  'a subdocument': {
    roots: { pages: 'map' },
    edit: doc => doc.getMap('pages').set('one', new Y.Doc({ guid: 'page-one' }))
  },
  '600 files as roots': {
    roots: Object.fromEntries(times(600, index => [`src/${index}.js`, 'text'])),
    edit: doc =>
      doc.transact(() => {
        for (let index = 0; index < 600; index++) doc.getText(`src/${index}.js`).insert(0, 'x')
      })
  },
  'an address as a key': { roots: { links: 'map' }, edit: doc => doc.getMap('links').set(address, 1) },
  'a key of 2,000 bytes': { roots: { links: 'map' }, edit: doc => doc.getMap('links').set('k'.repeat(2000), 1) },
  'a format of 257 bytes': {
    roots: quill,
    edit: doc => doc.getText('quill').insert(0, 'x', { ['c'.repeat(257)]: true })
  },
  'an element of 257 bytes': {
    roots: xml,
    edit: doc => doc.getXmlFragment('default').insert(0, [paragraph('x', 'e'.repeat(257))])
  },
  'JSON of 60 levels in a map': {
    roots: { tree: 'map' },
    edit: doc =>
      doc.getMap('tree').set(
        'root',
        nest(60, inner => ({ child: inner }))
      )
  },
  'JSON of 60 levels in an embed': {
    roots: quill,
    edit: doc =>
      doc.getText('quill').insertEmbed(
        0,
        nest(60, inner => ({ child: inner }))
      )
  },
  'elements of 100 levels': { roots: xml, edit: doc => doc.getXmlFragment('default').insert(0, [nest(100, item)]) },
  'an XmlHook': { roots: xml, edit: doc => doc.getXmlFragment('default').insert(0, [new Y.XmlHook('widget')]) },
  'a text in a map': {
    roots: { tree: 'map' },
    edit: doc => doc.getMap('tree').set('main.py', new Y.Text('print(1)\n'))
  }
}

/** Edits with half an emoji, or with numbers that some readers of JSON refuse. */
export const cut = {
  'half an emoji in an embed': {
    roots: quill,
    edit: doc => doc.getText('quill').insertEmbed(0, { quote: { preview } })
  },
  'half an emoji in a key of an embed': {
    roots: quill,
    edit: doc => doc.getText('quill').insertEmbed(0, { [preview]: 1 })
  },
  'half an emoji in a format': {
    roots: quill,
    edit: doc => {
      doc.getText('quill').insert(0, 'commented')
      doc.getText('quill').format(0, 9, { comment: { preview } })
    }
  },
  'half an emoji in a mark': {
    roots: xml,
    edit: doc => {
      const marked = new Y.XmlText()
      doc.getXmlFragment('default').insert(0, [marked])
      marked.insert(0, 'commented', { comment: { preview } })
    }
  },
  'half an emoji in a map': { roots: { comments: 'map' }, edit: doc => doc.getMap('comments').set('1', { preview }) },
  'a number of 20 digits in an embed': {
    roots: quill,
    edit: doc => doc.getText('quill').insertEmbed(0, { number: 12345678901234567890 })
  },
  'a number of 20 digits in a format': {
    roots: quill,
    edit: doc => doc.getText('quill').insert(0, 'x', { number: 12345678901234567890 })
  },
  'an emoji exchanged by halves': {
    roots: text,
    before: doc => doc.getText('codemirror').insert(0, 'a😀b'),
    edit: doc =>
      doc.transact(() => {
        doc.getText('codemirror').delete(2, 1)
        doc.getText('codemirror').insert(2, '\ude01')
      })
  }
}

/** Values that a decoder may change. */
export const values = {
  'BigInt, -0, undefined': {
    roots: { values: 'map' },
    edit: doc => {
      const map = doc.getMap('values')
      const all = {
        account: 1234567890123456789n,
        debt: -1234567890123456789n,
        small: 10n,
        zero: -0,
        none: undefined,
        nan: NaN,
        infinite: Infinity,
        bytes: new Uint8Array([0, 255]),
        float: 1e-7,
        max: 2n ** 63n - 1n
      }
      for (const [key, found] of Object.entries(all)) map.set(key, found)
    }
  },
  'order of keys in a map': { roots: { values: 'map' }, edit: doc => doc.getMap('values').set('form', form) },
  'order of keys in an array': { roots: { list: 'array' }, edit: doc => doc.getArray('list').push([form, [form]]) },
  'order of keys in an embed': { roots: quill, edit: doc => doc.getText('quill').insertEmbed(0, form) },
  'order of keys in a format': { roots: quill, edit: doc => doc.getText('quill').insert(0, 'x', { comment: form }) },
  'values set again and again': {
    roots: { values: 'map' },
    edit: doc => {
      for (let turn = 0; turn < 30; turn++) doc.getMap('values').set('k' + (turn % 3), { turn: BigInt(turn), form })
    }
  }
}

/** Texts whose first content in their root is not plain text. */
export const first = {
  'a bold word': { roots: quill, edit: doc => doc.getText('quill').insert(0, 'Hello', { bold: true }) },
  'a picture': {
    roots: quill,
    edit: doc => {
      doc.getText('quill').insertEmbed(0, { image: 'x' })
      doc.getText('quill').insert(1, 'after')
    }
  },
  'a header': {
    roots: quill,
    edit: doc => doc.getText('quill').applyDelta([{ insert: 'Title' }, { insert: '\n', attributes: { header: 1 } }])
  },
  'a deleted letter': {
    roots: text,
    edit: doc => {
      doc.getText('codemirror').insert(0, 'hello')
      doc.getText('codemirror').delete(0, 1)
    }
  },
  'a text without a name': { roots: { '': 'text' }, edit: doc => doc.getText().insert(0, 'secret') }
}

export const groups = { large, bounds, cut, values, first }
