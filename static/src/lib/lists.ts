// Access to lists with an index that must be valid.

/**
 * The item at `index`. Raises RangeError if there is none, which is a bug of the calling code.
 */
export function itemAt<T>(list: readonly T[], index: number): T {
  if (index in list) return list[index] as T
  throw new RangeError(`there is no item ${index} among ${list.length}`)
}
