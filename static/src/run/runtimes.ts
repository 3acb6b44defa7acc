// The files of other projects that programs need to run: where the build takes them, under which
// name the server has them, and how large they are.

/** One file of a runtime. */
export interface RuntimeFile {
  /**
   * its path below /static/run/; the folder's name has the version, so caches may keep the file for
   * ever
   */
  path: string
  /** below node_modules */
  source: string
  /**
   * the uncompressed size, which a progress bar needs before the file has loaded; the build fails
   * if it is wrong
   */
  bytes: number
}

const PYODIDE = "pyodide-314.0.7"
const SQL = "sql.js-1.17.0"
const LUA = "wasmoon-1.16.0"

export const PYTHON_WASM: RuntimeFile = {
  path: `${PYODIDE}/pyodide.asm.wasm`,
  source: "pyodide/pyodide.asm.wasm",
  bytes: 9_598_218,
}
export const PYTHON_GLUE: RuntimeFile = {
  path: `${PYODIDE}/pyodide.asm.mjs`,
  source: "pyodide/pyodide.asm.mjs",
  bytes: 1_250_344,
}
export const PYTHON_LIBRARY: RuntimeFile = {
  path: `${PYODIDE}/python_stdlib.zip`,
  source: "pyodide/python_stdlib.zip",
  bytes: 2_545_637,
}
export const SQL_WASM: RuntimeFile = {
  path: `${SQL}/sql-wasm-browser.wasm`,
  source: "sql.js/dist/sql-wasm-browser.wasm",
  bytes: 688_280,
}
export const LUA_WASM: RuntimeFile = {
  path: `${LUA}/glue.wasm`,
  source: "wasmoon/dist/glue.wasm",
  bytes: 271_581,
}

export const RUNTIME_FILES: readonly RuntimeFile[] = [
  PYTHON_WASM,
  PYTHON_GLUE,
  PYTHON_LIBRARY,
  SQL_WASM,
  LUA_WASM,
]

/** The folders of the packages, whose licence goes next to their files. */
export const FOLDERS: Readonly<Record<string, string>> = {
  pyodide: PYODIDE,
  "sql.js": SQL,
  wasmoon: LUA,
}
