// Finds places in the session's files that an output names, such as `main.py:3` or
// `File "main.py", line 3`.

export interface Place {
  text: string
  /** the file and the line, from 1, if the text names them */
  file?: string
  line?: number
}

const escaped = (name: string) => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")

/** Splits a text so that each place in one of the files is a part of its own. */
export type Finder = (text: string) => Place[]

/** Return a finder for files with these names. Making it is slow, so use one for many texts. */
export function finderOf(files: readonly string[]): Finder {
  const names = files.filter((name) => name !== "").map(escaped)
  if (names.length === 0) return (text) => [{ text }]
  const name = `(?<![\\w./-])(${names.sort((a, b) => b.length - a.length).join("|")})`
  const pattern = new RegExp(`"${name}", line (\\d+)|${name}:(\\d+)(?::\\d+)?`, "g")
  return (text) => split(text, pattern)
}

function split(text: string, pattern: RegExp): Place[] {
  const parts: Place[] = []
  let end = 0
  for (const match of text.matchAll(pattern)) {
    const { 0: all, index } = match
    if (index > end) parts.push({ text: text.slice(end, index) })
    parts.push({ text: all, file: match[1] ?? match[3] ?? "", line: Number(match[2] ?? match[4]) })
    end = index + all.length
  }
  if (end < text.length) parts.push({ text: text.slice(end) })
  return parts
}
