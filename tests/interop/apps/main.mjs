// Yjs apps for tests. The program reads one JSON command per line and answers each with one JSON line:
// {"id": 1, "do": "play", ...} -> {"id": 1, "ok": value} or {"id": 1, "error": text}
import 'fake-indexeddb/auto'
import { readFileSync } from 'node:fs'
import readline from 'node:readline'
import * as Y from 'yjs'
import { IndexeddbPersistence } from 'y-indexeddb'
import { actions as clientActions, client } from './clients.mjs'
import { groups } from './edits.mjs'
import { imports } from './imports.mjs'
import { join, play } from './play.mjs'
import { actions as roundActions } from './rounds.mjs'
import { vectors } from './vectors.mjs'

const made = new Map()

// Recipes whose names end with `-live` or `-answer` are played in that form only. All other recipes are played in both.
const ofRecipe = ({ name, form, expect }, key) => ({
  key,
  forms: name.endsWith('-' + form) ? [form] : ['live', 'answer'],
  texts: [expect.text, (expect.asked ?? expect).text]
})
const keep = (all, prefix) =>
  all.map(vector => {
    made.set(prefix + vector.name, vector)
    return ofRecipe(vector, prefix + vector.name)
  })
const edit = (group, what) => groups[group][what]

const actions = {
  ...clientActions,
  ...roundActions,
  vectors: async ({ seed, kind }) => keep(await vectors(seed, kind), `${seed} `),
  /** Return the vectors of a file that have their bytes in the file, not a recipe. */
  read: ({ file }) =>
    keep(
      JSON.parse(readFileSync(file, 'utf8')).filter(vector => !vector.recipe),
      ''
    ),
  play: ({ key, ...place }) => play({ vector: made.get(key), ...place }),
  join: ({ key, ...place }) => join({ vector: made.get(key), ...place }),

  edits: ({ group }) => Object.entries(groups[group]).map(([what, { roots }]) => ({ what, roots })),
  before: ({ name, group, what }) => {
    edit(group, what).before?.(client(name).doc)
  },
  edit: ({ name, group, what }) => {
    edit(group, what).edit(client(name).doc)
  },

  imports: () => Object.entries(imports).map(([what, { roots }]) => ({ what, roots })),
  bring({ name, what }) {
    const state = Y.encodeStateAsUpdate(imports[what].make())
    clientActions.open({ name })
    Y.applyUpdate(client(name).doc, state)
    return state.length
  },

  async editor({ name, kind }) {
    const editors = await import('./editors.mjs')
    client(name).editors[kind] = await editors[kind](client(name).doc)
  },
  do: ({ name, kind, call, with: argument }) => client(name).editors[kind][call](argument) ?? null,

  /** Keep a document in IndexedDB, as y-indexeddb does in a browser. */
  async store({ name, database }) {
    const persistence = new IndexeddbPersistence(database, client(name).doc)
    client(name).editors.store = { destroy: () => persistence.destroy() }
    await persistence.whenSynced
  },
  /** Return how many rows such a database has. */
  rows: ({ database }) =>
    new Promise((resolve, reject) => {
      const opening = indexedDB.open(database)
      opening.onerror = reject
      opening.onsuccess = () => {
        const counting = opening.result.transaction(['updates']).objectStore('updates').count()
        counting.onsuccess = () => {
          opening.result.close()
          resolve(counting.result)
        }
      }
    }),
  /**
   * Delete rows of such a database. A write without space, or a killed tab, would lose rows in the
   * same way.
   */
  lose: ({ database, rows }) =>
    new Promise((resolve, reject) => {
      const opening = indexedDB.open(database)
      opening.onerror = reject
      opening.onsuccess = () => {
        const transaction = opening.result.transaction(['updates'], 'readwrite')
        const updates = transaction.objectStore('updates')
        updates.getAllKeys().onsuccess = event => {
          for (const row of rows) updates.delete(event.target.result[row])
        }
        transaction.oncomplete = () => {
          opening.result.close()
          resolve(null)
        }
      }
    }),
  /** Run a function of a document. The test sends the function's code as text. */
  run: ({ name, code }) => new Function('doc', 'Y', code)(client(name).doc, Y) ?? null
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  const { id, do: action, ...options } = JSON.parse(line)
  Promise.resolve()
    .then(() => actions[action](options))
    .then(
      ok => ({ id, ok: ok ?? null }),
      error => ({ id, error: String(error?.stack ?? error) })
    )
    .then(answer => process.stdout.write(JSON.stringify(answer) + '\n'))
}
process.exit(0)
