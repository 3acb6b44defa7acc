// Runs SQL by SQLite, compiled to WebAssembly. Each run has a new, empty database.
import initSqlJs, { type Database, type SqlValue } from "sql.js"
import { SQL_WASM } from "../runtimes"
import { NOWHERE, offline } from "./offline"
import { serve } from "./serve"
import { table } from "./table"

const textOf = (value: SqlValue): string =>
  value === null ? "NULL" : value instanceof Uint8Array ? `<${value.length} bytes>` : String(value)

/** Run all statements, and yield the result of each that has one as a table. */
function* results(database: Database, code: string): Generator<string> {
  for (const statement of database.iterateStatements(code)) {
    const names = statement.getColumnNames()
    const rows: string[][] = []
    while (statement.step()) rows.push(statement.get().map(textOf))
    if (names.length > 0) yield table(names, rows)
  }
}

serve(async (assets) => {
  const compiled = assets[SQL_WASM.path] as WebAssembly.Module
  const sql = await offline(compiled, new ArrayBuffer(0), () =>
    initSqlJs({ locateFile: (name) => NOWHERE + name }),
  )
  return ({ files, entry }, { output }) => {
    const database = new sql.Database()
    try {
      for (const text of results(database, files[entry] ?? "")) output.write("out", `${text}\n`)
      return Promise.resolve(0)
    } catch (error) {
      output.write("err", `Error: ${error instanceof Error ? error.message : String(error)}\n`)
      return Promise.resolve(1)
    } finally {
      database.close()
    }
  }
})
