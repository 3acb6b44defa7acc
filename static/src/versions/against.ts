// What a version is compared with.
import type { Version } from "../types"

/** Not another version: nothing, or the text as it is now. */
const ALWAYS = ["none", "live"]

/**
 * Return what to compare a version with: "none", "live", or the number of another version.
 *
 * chosen: what the person chose last, perhaps for another version; "" for nothing
 *
 * A version is never compared with itself. Without a choice it is compared with the one before,
 * because people look first for what a version changed. The first version has none before, and is
 * compared with the text as it is now.
 */
export function comparedWith(
  version: number,
  chosen: string,
  versions: Pick<Version, "version" | "damaged">[],
): string {
  const isThere = versions.some((one) => String(one.version) === chosen && one.version !== version)
  if (ALWAYS.includes(chosen) || isThere) return chosen
  const before = versions
    .filter((one) => one.version < version && !one.damaged)
    .map((one) => one.version)
  return before.length ? String(Math.max(...before)) : "live"
}
