// The worker of each language, and the runtime files that it needs. docs/running-code.md says how
// to add a language.
import luaScript from "./workers/lua?worker&url"
import pythonScript from "./workers/python?worker&url"
import plainScript from "./workers/script?worker&url"
import sqlScript from "./workers/sql?worker&url"
import { LUA_WASM, PYTHON_GLUE, PYTHON_LIBRARY, PYTHON_WASM, SQL_WASM } from "./runtimes"
import type { RuntimeFile } from "./runtimes"

export interface Engine {
  /** the path of the worker's code, below /static/run/ */
  script: string
  files: readonly RuntimeFile[]
  /** whether its worker can start from a copy of memory (images.ts) */
  hasImage?: true
}

const below = (url: string) => url.slice(url.indexOf("/static/run/") + "/static/run/".length)

const script: Engine = { script: below(plainScript), files: [] }

const python: Engine = {
  script: below(pythonScript),
  files: [PYTHON_WASM, PYTHON_GLUE, PYTHON_LIBRARY],
  hasImage: true,
}

export const ENGINES: ReadonlyMap<string, Engine> = new Map([
  ["javascript", script],
  ["typescript", script],
  ["python", python],
  ["sql", { script: below(sqlScript), files: [SQL_WASM] }],
  ["lua", { script: below(luaScript), files: [LUA_WASM] }],
])
