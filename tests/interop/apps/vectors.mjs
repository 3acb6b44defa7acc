// Test vectors: updates that real Yjs makes, and the documents that result. One JSON object per line.
//
//   node vectors.mjs SEED [KIND ...]
//
// The same seed gives the same vectors. It decides all random choices, and the client ids, which
// decide conflicts.
//   name, kind, note
//   roots    {name of a root: 'text' | 'map' | 'array' | 'xml'}
//   base     the updates that the server already has, in hex, in order. baseBy: the sender of each ('ada', 'bob', 'cy')
//   update   the update that arrives now, in hex, sent by `by` as `form`: 'live' (SyncUpdate) or 'answer' (SyncStep2)
//   sender   optional: the state of the sender's document in hex, with its holes. The sender answers questions from it
//   expect   the document that Yjs then has (look.mjs). `asked`: the document after the sender's answer, if it differs
import { fileURLToPath } from 'node:url'
import { load, look } from './look.mjs'
import { begin, hex } from './vectors/making.mjs'

export const KINDS = [
  'contents',
  'names',
  'large',
  'parents',
  'holes',
  'known',
  'carried',
  'values',
  'kept',
  'histories',
  'merged',
  'random'
]

function vector(recipe) {
  const { base = [], by = 'ada', baseBy = base.map(() => 'ada'), update, form, sender } = recipe.make()
  const expect = look(load([...base, update]), recipe.roots)
  if (sender) {
    const asked = look(load([...base, update, sender]), recipe.roots)
    if (JSON.stringify(asked) !== JSON.stringify(expect)) expect.asked = asked
  }
  const { name, kind, roots, note } = recipe
  const sent = {
    base: base.map(hex),
    baseBy,
    update: hex(update),
    by,
    form,
    ...(sender ? { sender: hex(sender) } : {})
  }
  return { name, kind, note, roots, ...sent, expect }
}

export async function vectors(seed, kind) {
  const maker = begin(seed)
  const { default: describe } = await import(`./vectors/${kind}.mjs`)
  describe(maker)
  return maker.recipes.map(recipe => vector({ ...recipe, kind }))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [seed, ...kinds] = process.argv.slice(2)
  for (const kind of kinds.length ? kinds : KINDS) {
    for (const made of await vectors(Number(seed), kind)) console.log(JSON.stringify(made))
  }
}
