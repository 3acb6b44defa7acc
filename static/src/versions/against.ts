// Decides with which other version a version is compared.
import type { Version } from "../types"

/** Choices that are not versions: no comparison, or the current text. */
const ALWAYS = ["none", "live"]

/**
 * Return the choice to compare a version with: "none", "live", or the number of another version.
 *
 * chosen: the user's last choice, perhaps made for another version; "" for none
 *
 * A version is never compared with itself. Without a choice, it is compared with the version before
 * it, because users first want to see what a version changed. The first version is compared with
 * the current text.
 */
export function comparedWith(
  version: number,
  chosen: string,
  versions: Pick<Version, "version" | "damaged">[],
): string {
  const isThere = versions.some(
    (known) => String(known.version) === chosen && known.version !== version,
  )
  if (ALWAYS.includes(chosen) || isThere) return chosen
  const before = versions
    .filter((known) => known.version < version && !known.damaged)
    .map((known) => known.version)
  return before.length ? String(Math.max(...before)) : "live"
}
