/**
 * Checks that no helper of the tests is written twice, as `tests/test_repeated_helpers.py` does for
 * Python. If there were two copies, a change of one would forget the other.
 */
import ts from "typescript"
import { expect, it } from "vitest"

/** All tests of the app. */
const ofApp = import.meta.glob<string>(["./**/*.test.{ts,tsx}", "./testing/*.ts"], {
  query: "?raw",
  import: "default",
  eager: true,
})
/** All programs that tests of the server run in Node. */
const inNode = import.meta.glob<string>(
  ["../../tests/node/*.mjs", "../../tests/interop/apps/*.mjs", "../../tests/interop/apps/*/*.mjs"],
  { query: "?raw", import: "default", eager: true },
)

/** The least number of syntax nodes of a function that may not be repeated: about three lines.
 * Two equal lines are easier to read in both places than to look up. */
const NODES = 30

const isFunction = (node: ts.Node): node is ts.FunctionLikeDeclaration =>
  ts.isFunctionDeclaration(node) ||
  ts.isFunctionExpression(node) ||
  ts.isArrowFunction(node) ||
  ts.isMethodDeclaration(node)

/** Returns all nodes below a node, in the order of the source. */
function below(node: ts.Node): ts.Node[] {
  const nodes: ts.Node[] = []
  node.forEachChild((child) => void nodes.push(child, ...below(child)))
  return nodes
}

/** Returns the names that a function itself binds: its parameters and its variables. */
function boundNames(nodes: ts.Node[]): Set<string> {
  const bindings = nodes.filter(
    (node) => ts.isParameter(node) || ts.isVariableDeclaration(node) || ts.isBindingElement(node),
  )
  return new Set(bindings.flatMap(({ name }) => (ts.isIdentifier(name) ? [name.text] : [])))
}

/** Returns a function's syntax tree as a text that is equal for copies with other variables. */
function formOf(nodes: ts.Node[]): string {
  const bound = boundNames(nodes)
  const numbers = new Map<string, number>()
  const nameOf = (text: string): string => {
    if (!bound.has(text)) return text
    if (!numbers.has(text)) numbers.set(text, numbers.size)
    return `variable ${numbers.get(text)}`
  }
  const leaf = (node: ts.Node): string =>
    ts.isIdentifier(node) ? nameOf(node.text) : "text" in node ? String(node.text) : ""
  return nodes.map((node) => `${node.kind} ${leaf(node)}`).join("\n")
}

/** Returns [form, line] of each function in a source that is long enough. */
function functionsIn(name: string, text: string): [string, number][] {
  const source = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true)
  return below(source)
    .filter(isFunction)
    .map((node): [ts.Node[], number] => [
      [...node.parameters.flatMap((part) => [part, ...below(part)]), ...below(node.body ?? node)],
      source.getLineAndCharacterOfPosition(node.getStart()).line + 1,
    ])
    .filter(([nodes]) => nodes.length >= NODES)
    .map(([nodes, line]) => [formOf(nodes), line])
}

/** Returns the places of functions with the same body, for each body that is repeated. */
function repeated(files: Record<string, string>): string[][] {
  const places = new Map<string, string[]>()
  for (const [name, text] of Object.entries(files))
    for (const [form, line] of functionsIn(name, text))
      places.set(form, [...(places.get(form) ?? []), `${name}:${line}`])
  return [...places.values()].filter((copies) => copies.length > 1)
}

it("a copy with other names is recognized", () => {
  const first = `function a(x) {
    const y = x.map((z) => z + 1).filter((z) => z > 2)
    console.log(y, x)
    return y.length > 2 ? y : x
  }`
  const second = `export const b = async (list) => {
    const big = list.map((n) => n + 1).filter((n) => n > 2)
    console.log(big, list)
    return big.length > 2 ? big : list
  }`
  const other = first.replace("+ 1", "+ 2")

  expect(repeated({ one: first, two: second, three: other })).toEqual([["one:1", "two:1"]])
})

it("functions of the app's tests are written once", () => {
  expect(Object.keys(ofApp).length).toBeGreaterThan(50)
  expect(repeated(ofApp)).toEqual([])
})

it("functions of the programs in Node are written once", () => {
  expect(Object.keys(inNode).length).toBeGreaterThan(15)
  expect(repeated(inNode)).toEqual([])
})
