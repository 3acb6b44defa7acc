// Writes a recorded session as the updates that Yjs clients would have sent. Each transaction is one JSON line,
// {agent, time, update (base64)}. The last line is {text, agents: [[agent, units], …], edits}. In concurrent traces, each
// agent has a document of its own. This document has exactly the transactions on which the agent's
// next transaction depends. Client ids are those of `harness/simulator/together.py`.
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import * as Y from 'yjs'
import { patcher } from './patches.mjs'

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
const patch = patcher(txns)
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
