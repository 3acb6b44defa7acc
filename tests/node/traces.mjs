// Writes a recorded session as the updates that Yjs clients would have sent: one JSON line a transaction,
// {agent, time, update (base64)}, and last {text, agents: [[agent, units], …], edits}. Concurrent traces: each agent has a document of its own,
// which has exactly the transactions that its next one came after.
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import * as Y from 'yjs'

const trace = JSON.parse(gunzipSync(readFileSync(process.argv[2])))
const limit = Number(process.argv[3] ?? Infinity)
const ROOT = 'codemirror'
const FIRST = 3_141_592_653
const STEP = 12_345
const agents = new Map()

function agentOf(number) {
  if (!agents.has(number)) {
    const doc = new Y.Doc()
    doc.clientID = FIRST + number * STEP
    agents.set(number, { doc, text: doc.getText(ROOT), has: new Set() })
  }
  return agents.get(number)
}

function units(text, points) {
  let at = 0
  for (const character of text) {
    if (points-- <= 0) break
    at += character.length
  }
  return at
}

const isAscii = text => /^[\x00-\x7f]*$/.test(text)

function patch(text, [position, deleted, inserted]) {
  const now = isPlain ? null : text.toString()
  const start = isPlain ? position : units(now, position)
  const length = isPlain ? deleted : units(now.slice(start), deleted)
  if (length) text.delete(start, length)
  if (inserted) text.insert(start, inserted)
}

const updates = []
const lines = []

function receive(agent, index, txns) {
  const missing = []
  const todo = [index]
  while (todo.length) {
    const one = todo.pop()
    if (agent.has.has(one)) continue
    agent.has.add(one)
    missing.push(one)
    todo.push(...(txns[one].parents ?? []))
  }
  missing.sort((a, b) => a - b)
  for (const one of missing) Y.applyUpdate(agent.doc, updates[one], 'remote')
}

const txns = trace.txns.slice(0, limit)
const isPlain = txns.every(txn => txn.patches.every(one => isAscii(one[2])))
txns.forEach((txn, index) => {
  const agent = agentOf(txn.agent ?? 0)
  for (const parent of txn.parents ?? []) receive(agent, parent, txns)
  let made = null
  const note = (update, origin) => { if (origin === 'own') made = update }
  agent.doc.on('update', note)
  agent.doc.transact(() => { for (const one of txn.patches) patch(agent.text, one) }, 'own')
  agent.doc.off('update', note)
  updates.push(made ?? new Uint8Array([0, 0]))
  agent.has.add(index)
  if (made) lines.push(JSON.stringify({ agent: txn.agent ?? 0, time: txn.time ?? txn.timestamp, update: Buffer.from(made).toString('base64') }))
})
const last = agentOf(0)
txns.forEach((_, index) => receive(last, index, txns))
const runs = []
for (let item = last.text._start; item; item = item.right) {
  if (!item.deleted && item.countable) runs.push([(item.id.client - FIRST) / STEP, item.length])
}
lines.push(JSON.stringify({ text: last.text.toString(), agents: runs, edits: txns.reduce((sum, txn) => sum + txn.patches.length, 0) }))
process.stdout.write(lines.join('\n') + '\n')
