// Test vectors: updates that real Yjs makes, and what it makes of them. One JSON object a line.
//
//   node vectors.mjs SEED [KIND ...]
//
// The same seed gives the same vectors. It chooses client ids (so also who is "higher") and all that is random.
//   name, kind, note
//   roots    {name of a root: 'text' | 'map' | 'array' | 'xml'}
//   base     updates in hex that the server has already, in order; baseBy: who sent each ('ada', 'bob', 'cy')
//   update   what comes in now in hex, sent by `by` as `form`: 'live' (SyncUpdate) or 'answer' (SyncStep2)
//   sender   optional: the state of the sender's document in hex, holes included, from which questions are answered
//   expect   what Yjs has then (look.mjs); `asked`: what it has once the sender has answered too, where that differs
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
