// The rules for names of files. A name is a path: "/" separates folders. docs/documents.md has the
// same rules for other programs, and tests/cases/file_names.json has cases of them.

/**
 * The most UTF-16 units of a whole name, and of one part of it. File systems have similar bounds.
 */
const MAX_NAME = 255
const MAX_PART = 100

/** Control characters, line separators, and characters that change the order of what is shown. */
// eslint-disable-next-line no-control-regex -- these are what the rule warns of
const CONTROLS = /[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g

/** Names with the same key are the same name, because many file systems ignore case. */
export const nameKey = (name: string): string => name.normalize("NFC").toLowerCase()

/** The folder of a name, without a slash at its end; "" for no folder. */
export const folderOf = (name: string): string => name.slice(0, Math.max(0, name.lastIndexOf("/")))

/** The last part of a name. */
export const baseOf = (name: string): string => name.slice(name.lastIndexOf("/") + 1)

export const inFolder = (folder: string, base: string): string =>
  folder === "" ? base : `${folder}/${base}`

/** All folders above a name: "a/b/c" is in "a" and in "a/b". */
export function foldersOf(name: string): string[] {
  const parts = name.split("/").slice(0, -1)
  return parts.map((_part, index) => parts.slice(0, index + 1).join("/"))
}

/** Return a typed or dropped name in the form to which the rules apply. */
export const normalName = (typed: string): string => typed.trim().normalize("NFC")

/** Why a name is not valid, as a sentence for users; "" if it is. */
export function whyInvalid(name: string): string {
  if (name === "") return "Enter a name."
  if (name.length > MAX_NAME) return `A name has at most ${MAX_NAME} characters.`
  if (name.search(CONTROLS) >= 0) return "A name has no control characters."
  if (name.includes("\\")) return "Use / for folders: a name has no backslash."
  for (const part of name.split("/")) {
    if (part === "") return "Write a name before and after each slash."
    if (part === "." || part === "..") return "A part of a name cannot be . or .."
    if (part !== part.trim()) return "Remove the space next to the slash."
    if (part.length > MAX_PART) return `Between slashes, a name has at most ${MAX_PART} characters.`
  }
  return ""
}

/** Cut a text to a number of UTF-16 units. A character that would be cut in half is left out. */
function cut(text: string, most: number): string {
  if (text.length <= most) return text
  return /[\ud800-\udbff]/.test(text.charAt(most - 1))
    ? text.slice(0, most - 1)
    : text.slice(0, most)
}

/**
 * Turn a name that another program has written into a valid one. Return "" if no character is left.
 */
export function repaired(name: string): string {
  const parts: string[] = []
  let size = 0
  const clean = cut(name, MAX_NAME).replaceAll("\\", "/").replace(CONTROLS, "").normalize("NFC")
  for (const segment of clean.split("/")) {
    const part = cut(segment.trim(), MAX_PART).trimEnd()
    if (part === "" || part === "." || part === "..") continue
    size += part.length + (parts.length > 0 ? 1 : 0)
    if (size > MAX_NAME) break
    parts.push(part)
  }
  return parts.join("/")
}

/** A part of a name with a number before its suffix. */
function numbered(part: string, number: number): string {
  const dot = part.lastIndexOf(".")
  const end = dot > 0 ? dot : part.length
  return `${part.slice(0, end)} ${number}${part.slice(end)}`
}

interface Place {
  isFile: boolean
  name: string
}

/** The names in use, and the folders that they make. */
export class TakenNames {
  private readonly places = new Map<string, Place>()
  /**
   * the number at which the search for a free name goes on, because smaller ones never become free
   */
  private readonly numbers = new Map<string, number>()

  constructor(names: Iterable<string> = []) {
    for (const name of names) this.claim(name)
  }

  /** Why a file cannot have this name; "" if it can. */
  why(name: string): string {
    for (const folder of foldersOf(name)) {
      const place = this.places.get(nameKey(folder))
      if (place?.isFile) return `${place.name} is a file, so it cannot be a folder.`
    }
    const place = this.places.get(nameKey(name))
    return place ? `There is already a ${place.isFile ? "file" : "folder"} ${place.name}.` : ""
  }

  /**
   * Take a name, and return it. If it is not free, numbers are added until it is free. If "src" is
   * a file, "src/a" becomes "src 2/a".
   */
  claim(name: string): string {
    return name
      .split("/")
      .reduce(
        (before, part, index, parts) => this.part(before, part, index === parts.length - 1),
        "",
      )
  }

  private part(before: string, part: string, isFile: boolean): string {
    const key = `${nameKey(inFolder(before, part))} ${isFile}`
    const isTaken = (path: string) => {
      const place = this.places.get(nameKey(path))
      // many files may be in one folder, so only a file with the folder's name is in the way
      return place !== undefined && (isFile || place.isFile)
    }
    let number = this.numbers.get(key) ?? 1
    const path = () => inFolder(before, number === 1 ? part : numbered(part, number))
    while (isTaken(path())) number += 1
    if (number > 1) this.numbers.set(key, number)
    if (!this.places.has(nameKey(path())))
      this.places.set(nameKey(path()), { isFile, name: path() })
    return path()
  }
}
