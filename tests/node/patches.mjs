// Applies patches of recorded sessions, [position, deleted, inserted], to a Y.Text. Their positions are code points, Yjs's are
// UTF-16 units. Both are the same in a session without characters beyond U+FFFF, whose texts are then not counted through.
const isPlain = text => !/[\ud800-\udfff]/.test(text)

// Returns the function that applies one patch of these transactions.
export function patcher(txns) {
  const isAllPlain = txns.every(txn => txn.patches.every(one => isPlain(one[2])))
  return (text, [position, deleted, inserted]) => {
    const now = isAllPlain ? null : text.toString()
    const start = isAllPlain ? position : units(now, position)
    const length = isAllPlain ? deleted : units(now.slice(start), deleted)
    if (length) text.delete(start, length)
    if (inserted) text.insert(start, inserted)
  }
}

function units(text, points) {
  let at = 0
  for (const character of text) {
    if (points-- <= 0) break
    at += character.length
  }
  return at
}
