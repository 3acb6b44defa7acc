// Handles a settled promise in an effect, unless the effect was cleaned up before.

/**
 * Call `done` with the promise's value, or `failed` with its error. Without `failed`, the console
 * shows the error. Return a function that cancels both calls, for the effect to return.
 */
export function cancellable<T>(
  promise: Promise<T>,
  done: (value: T) => void,
  failed: (error: unknown) => void = reportError,
): () => void {
  let isCancelled = false
  promise.then(
    (value) => {
      if (!isCancelled) done(value)
    },
    (error: unknown) => {
      if (!isCancelled) failed(error)
    },
  )
  return () => {
    isCancelled = true
  }
}
