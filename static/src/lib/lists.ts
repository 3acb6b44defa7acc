// Access to lists where the index is known to be inside.

/**
 * The item at `index`. Raises RangeError if there is none, which is an error in the calling code.
 */
export function itemAt<T>(list: readonly T[], index: number): T {
  if (index in list) return list[index] as T
  throw new RangeError(`there is no item ${index} among ${list.length}`)
}
