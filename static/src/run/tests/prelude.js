// Runs the tests of a file of assertions in JavaScript or TypeScript. programs.ts puts it between
// the file of the user and the assertions, which get `test` and `assert`.
;(mark) => {
  const { write } = self.process.stdout
  const tests = []
  const report = (result) => write(`\n${mark}${JSON.stringify(result)}\n`)
  const sorted = (values, textOf = shown) =>
    [...values].sort((one, other) => (textOf(one) < textOf(other) ? -1 : 1))
  // JSON has no maps, sets and large integers, and keeps the order of keys, which does not count.
  const plain = (_, value) => {
    if (value instanceof Map) return { Map: sorted(value) }
    if (value instanceof Set) return { Set: sorted(value) }
    if (typeof value === "bigint" || Number.isNaN(value)) return String(value)
    if (value === null || typeof value !== "object" || Array.isArray(value)) return value
    return Object.fromEntries(sorted(Object.keys(value), String).map((key) => [key, value[key]]))
  }
  const shown = (value) => {
    if (value === undefined || typeof value === "function") return String(value)
    try {
      return JSON.stringify(value, plain, 1) ?? String(value)
    } catch {
      return String(value)
    }
  }
  const fail = (message, expected, actual) => {
    throw Object.assign(new Error(message), { expected, actual })
  }
  const assert = (isTrue, message = "the assertion is false") => {
    if (!isTrue) fail(message)
  }
  assert.equal = (actual, expected, message = "the values differ") => {
    if (!Object.is(actual, expected)) fail(message, shown(expected), shown(actual))
  }
  assert.deepEqual = (actual, expected, message = "the values differ") => {
    if (shown(actual) !== shown(expected)) fail(message, shown(expected), shown(actual))
  }
  assert.throws = (action, message = "nothing was thrown") => {
    try {
      action()
    } catch {
      return
    }
    fail(message)
  }
  const test = (name, action) => tests.push({ name: String(name), action })
  const runTests = async () => {
    for (const { name, action } of tests) {
      try {
        await action()
        report({ name, passed: true })
      } catch (error) {
        const { message, expected, actual } = Object(error)
        const isOther = error instanceof Error && error.name !== "Error"
        const text = String(isOther ? error : (message ?? error))
        report({ name, passed: false, message: text, expected, actual })
      }
    }
  }
  return { test, assert, runTests }
}
