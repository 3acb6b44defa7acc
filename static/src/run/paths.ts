// Finds the file that an address in one of the session's files refers to.

/**
 * The path to which `address` leads from the file `from`. An address with a leading slash begins at
 * the session's root.
 */
export function pathFrom(address: string, from: string): string {
  const parts = address.startsWith("/") ? [] : from.split("/").slice(0, -1)
  for (const part of address.split("/"))
    if (part === "..") parts.pop()
    else if (part !== "." && part !== "") parts.push(part)
  return parts.join("/")
}

/** The name of the file to which an address in the page `entry` leads; null for another host. */
export function fileOf(address: string, entry: string): string | null {
  if (/^([a-z][a-z\d+.-]*:|\/\/)/i.test(address)) return null
  const path = address.replace(/[?#].*$/s, "")
  try {
    return pathFrom(decodeURIComponent(path), entry)
  } catch {
    // a percent sign that is part of the name
    return pathFrom(path, entry)
  }
}
