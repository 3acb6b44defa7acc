// Applies patches of recorded sessions, [position, deleted, inserted], to a Y.Text. The patches count code points, and Yjs
// counts UTF-16 units. Without characters beyond U+FFFF, both counts are equal, so this module need not convert them.
const isPlain = text => !/[\ud800-\udfff]/.test(text)

// Returns a function that applies one patch of these transactions.
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
