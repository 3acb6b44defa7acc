// Writes a table as text, so that a result looks the same live and in the history.

/** Most rows that are written. */
const ROWS = 1000

/** The table with its names above, in columns of equal width. */
export function table(names: readonly string[], rows: readonly string[][]): string {
  const shown = rows.slice(0, ROWS)
  const widths = names.map((name, column) =>
    Math.max(name.length, ...shown.map((row) => row[column]?.length ?? 0)),
  )
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join(" | ")
      .trimEnd()
  const rule = widths.map((width) => "-".repeat(width)).join("-+-")
  const count = `(${rows.length} ${rows.length === 1 ? "row" : "rows"})`
  return [line(names), rule, ...shown.map(line), count].join("\n")
}
