// Finds the file that an import means.
import { pathFrom } from "../paths"

const ENDINGS = ["", ".js", ".ts", ".mjs", ".tsx", ".jsx", "/index.js", "/index.ts"]

/** The name of the file that `from` imports as `address`, or null if the session has no such file. */
export function resolve(
  address: string,
  from: string,
  files: Readonly<Record<string, string>>,
): string | null {
  if (!/^\.{1,2}\//.test(address)) return null
  const path = pathFrom(address, from)
  const names = ENDINGS.map((ending) => path + ending)
  // as in TypeScript, an import may name the script into which a file would be compiled
  const source = path.replace(/\.js$/, ".ts")
  return [...names, source].find((name) => Object.hasOwn(files, name)) ?? null
}
