// Access to lists where the index is known to be inside.

/** The item at `index`. Raises RangeError where there is none: that is an error of whoever asks. */
export function itemAt<T>(list: readonly T[], index: number): T {
  if (index in list) return list[index] as T
  throw new RangeError(`there is no item ${index} among ${list.length}`)
}
