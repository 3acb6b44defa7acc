// Types for the used parts of the package that runs SQL. The package has no types.
declare module "sql.js" {
  export type SqlValue = number | string | Uint8Array | null
  export interface Statement {
    getColumnNames(): string[]
    step(): boolean
    get(): SqlValue[]
  }
  export interface Database {
    iterateStatements(code: string): Iterable<Statement>
    close(): void
  }
  export default function initSqlJs(options: {
    locateFile: (name: string) => string
  }): Promise<{ Database: new () => Database }>
}
