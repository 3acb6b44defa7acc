// Answers questions about updates with real Yjs. One question per line on stdin, one answer per line on stdout, both in JSON
// with bytes in hex.
import { createInterface } from 'node:readline'
import * as Y from 'yjs'
import { ACTIONS as DOCUMENTS } from './documents.mjs'
import { look, ACTIONS as HISTORIES } from './histories.mjs'

const hex = bytes => Buffer.from(bytes).toString('hex')
const bytes = text => new Uint8Array(Buffer.from(text, 'hex'))

const load = (updates, options = {}) => {
  const doc = new Y.Doc({ guid: 'oracle', ...options })
  for (const update of updates) Y.applyUpdate(doc, bytes(update))
  return doc
}

const ACTIONS = {
  // The whole document after these updates as one update, including structs that wait for others.
  state: ({ updates }) => hex(Y.encodeStateAsUpdate(load(updates))),
  merge: ({ updates }) => hex(Y.mergeUpdates(updates.map(bytes))),
  diff: ({ update, vector }) => hex(Y.diffUpdate(bytes(update), bytes(vector))),
  // Converts the update to the newer format and back. That format encodes the values of embeds
  // and formats in another way.
  converted: ({ update }) => hex(Y.convertUpdateFormatV2ToV1(Y.convertUpdateFormatV1ToV2(bytes(update)))),
  clocks: ({ updates }) => [...Y.decodeStateVector(Y.encodeStateVector(load(updates)))],
  text: ({ updates, root }) => load(updates).getText(root).toString(),
  look: ({ updates }) => look(load(updates)),
  ...HISTORIES,
  ...DOCUMENTS
}

for await (const line of createInterface({ input: process.stdin })) {
  const { action, ...question } = JSON.parse(line)
  try {
    console.log(JSON.stringify({ answer: ACTIONS[action](question) }))
  } catch (error) {
    console.log(JSON.stringify({ error: String(error) }))
  }
}
