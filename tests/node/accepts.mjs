// Checks rooms of the fuzzer with real Yjs. It reads a JSON line for each room: {updates, states, texts (root -> text),
// clocks}. It answers with one line: {problem} or {}. Yjs must take the updates in order, and then each state by
// itself. It must raise no exception, have nothing pending, and show the same texts.
import readline from 'node:readline'
import * as Y from 'yjs'

const bytes = hex => new Uint8Array(Buffer.from(hex, 'hex'))

function problemOf (updates, room) {
  const doc = new Y.Doc()
  for (const [index, update] of updates.entries()) {
    try {
      Y.applyUpdate(doc, bytes(update))
    } catch (error) {
      return `an exception: at update ${index}, ${update.slice(0, 400)}: ${error.message}`
    }
    if (doc.store.pendingStructs || doc.store.pendingDs) return `something pending: after update ${index}, ${update.slice(0, 400)}`
  }
  for (const [client, clock] of room.clocks) {
    const known = Y.getState(doc.store, client)
    if (known !== clock) return `another clock: knows client ${client} up to ${known}, not ${clock}`
  }
  for (const [root, text] of Object.entries(room.texts)) {
    const shown = doc.getText(root).toString()
    if (shown !== text) return `another text: ${JSON.stringify(shown)} in ${JSON.stringify(root)}, not ${JSON.stringify(text)}`
  }
  return null
}

function opinion (room) {
  const problem = problemOf(room.updates, room)
  if (problem) return { problem: `Yjs has ${problem}` }
  for (const state of room.states) {
    const later = problemOf([state], room)
    if (later) return { problem: `a newcomer has ${later}` }
  }
  return {}
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(opinion(JSON.parse(line))))
}
