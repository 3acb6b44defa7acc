// Content that ordinary applications put into documents, by name. Each scene writes `text`
// somewhere, as real editors do.
import * as Y from 'yjs'

const paragraph = (text, attributes = {}) => {
  const made = new Y.XmlElement('paragraph')
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
  made.insert(0, [new Y.XmlText(text)])
  return made
}

export const SCENES = {
  unnamed: (doc, text) => doc.getText().insert(0, text),
  bold: (doc, text) => doc.getText('quill').insert(0, text, { bold: true }),
  header: (doc, text) => doc.getText('quill').applyDelta([{ insert: text, attributes: { header: 1 } }, { insert: '\n' }]),
  empty_line: (doc, text) => doc.getText('quill').applyDelta([{ insert: '\n' }, { insert: text }]),
  embed: (doc, text) => {
    doc.getText('quill').insertEmbed(0, { image: 'x.png' })
    doc.getText('quill').insert(1, text)
  },
  // Tiptap and other editors on ProseMirror
  page: (doc, text) => doc.transact(() => {
    const list = new Y.XmlElement('bulletList')
    list.insert(0, [paragraph(text, { indent: 1 })])
    doc.getXmlFragment('prosemirror').insert(0, [paragraph('before '), list])
    const inner = list.get(0).get(0)
    inner.format(0, 2, { bold: true })
  }),
  typed_page: (doc, text) => {
    const made = paragraph('')
    doc.getXmlFragment('prosemirror').insert(0, [made])
    for (const letter of text) made.get(0).insert(made.get(0).length, letter)
  },
  // a tree of files, each a text
  tree: (doc, text) => {
    doc.getMap('tree').set('main.py', new Y.Text(text))
    doc.getMap('tree').set('empty', new Y.Text())
  },
  cells: (doc, text) => {
    doc.getMap('cells').set('a1', text)
    doc.getMap('cells').set('a2', { note: [`see ${text}!`, 1] })
    doc.getMap('cells').set('kept', 'kept')
  },
  list: (doc, text) => {
    doc.getArray('list').insert(0, ['one', text, 'three'])
    doc.getArray('list').push([new Y.Map([['title', text], ['kept', 5]])])
    doc.getArray('list').push([new Y.Text(text)])
  },
  // roots and keys with names of properties that each JavaScript object has
  object_parts: (doc, text) => {
    for (const name of ['__proto__', 'constructor', 'toString']) doc.getMap(name).set(name, `${text} of ${name}`)
  },
  attribute: (doc, text) => doc.getXmlFragment('prosemirror').insert(0, [paragraph('link', { href: text })]),
  image: (doc, text) => doc.getText('quill').insertEmbed(0, { image: text }),
  link: (doc, text) => doc.getText('quill').insert(0, 'link', { href: text })
}

// Returns the visible content of a document, as JSON.
export const shown = doc => JSON.stringify([...doc.share.keys()].sort().map(root => [root, root === 'prosemirror'
  ? doc.getXmlFragment(root).toString()
  : root === 'quill' ? doc.getText(root).toDelta() : root === 'cells' || root === 'tree' ? doc.getMap(root).toJSON() : root === 'list' ? doc.getArray(root).toJSON() : doc.getText(root).toString()]))
