// Real editors in a page of jsdom: Tiptap, BlockNote, Quill. Each function returns functions to edit, read and destroy.
import { JSDOM } from 'jsdom'

const page = new JSDOM('<!doctype html><body></body>', { pretendToBeVisual: true, url: 'http://localhost/' })
const ours = [
  'window',
  'document',
  'navigator',
  'Node',
  'Element',
  'HTMLElement',
  'DocumentFragment',
  'Document',
  'Text',
  'Range',
  'Selection',
  'MutationObserver',
  'DOMParser',
  'XMLSerializer',
  'getComputedStyle',
  'requestAnimationFrame',
  'cancelAnimationFrame',
  'Event',
  'InputEvent',
  'KeyboardEvent',
  'MouseEvent',
  'ClipboardEvent',
  'CSS',
  'NodeFilter',
  'HTMLBRElement',
  'HTMLImageElement',
  'HTMLAnchorElement',
  'SVGElement',
  'customElements',
  'innerHeight',
  'innerWidth'
]
for (const name of ours) {
  const found = name === 'window' ? page.window : page.window[name]
  if (found !== undefined) Object.defineProperty(globalThis, name, { value: found, configurable: true, writable: true })
}
const nothing = { top: 0, left: 0, right: 0, bottom: 0, width: 0, height: 0, x: 0, y: 0 }
page.window.Range.prototype.getClientRects = () => []
page.window.Range.prototype.getBoundingClientRect = () => nothing
page.window.document.elementFromPoint = () => null
page.window.Element.prototype.scrollIntoView = () => {}
// In jsdom, a live list of children makes each new child slower. So return a plain list instead.
Object.defineProperty(page.window.Node.prototype, 'childNodes', {
  get() {
    const found = []
    for (let child = this.firstChild; child; child = child.nextSibling) found.push(child)
    return Object.assign(found, { item: at => found[at] ?? null })
  }
})

function place() {
  const element = page.window.document.createElement('div')
  page.window.document.body.append(element)
  return element
}

export async function tiptap(doc) {
  const { Editor } = await import('@tiptap/core')
  const { default: StarterKit } = await import('@tiptap/starter-kit')
  const { default: Collaboration } = await import('@tiptap/extension-collaboration')
  const extensions = [
    StarterKit.configure({ undoRedo: false }),
    Collaboration.configure({ document: doc, field: 'default' })
  ]
  const editor = new Editor({ element: place(), extensions })
  return {
    html: html => editor.commands.insertContent(html),
    clear: () => editor.commands.clearContent(true),
    undo: () => editor.commands.undo(),
    text: () => editor.getText(),
    destroy: () => editor.destroy()
  }
}

export async function blocknote(doc) {
  const { BlockNoteEditor } = await import('@blocknote/core')
  const collaboration = { fragment: doc.getXmlFragment('blocks'), user: { name: 'somebody', color: '#aa0000' } }
  const editor = BlockNoteEditor.create({ collaboration })
  editor.mount(place())
  return {
    blocks: blocks => editor.insertBlocks(blocks, editor.document.at(-1), 'before'),
    text: () => JSON.stringify(editor.document.map(({ type, content }) => [type, content])),
    destroy: () => editor.unmount()
  }
}

export async function quill(doc) {
  const { default: Quill } = await import('quill')
  const { QuillBinding } = await import('y-quill')
  const editor = new Quill(place())
  const binding = new QuillBinding(doc.getText('quill'), editor)
  return {
    delta: delta => editor.updateContents(delta, 'user'),
    contents: () => editor.getContents().ops,
    text: () => editor.getText(),
    destroy: () => binding.destroy()
  }
}
