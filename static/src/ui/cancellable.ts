// What an effect does when a promise settles, unless the effect was cleaned up before that.

/**
 * Call `done` with what the promise gives, or `failed` with its error; without `failed` the console
 * shows the error. The function that this returns cancels: neither is called after it. It is made
 * to be returned by an effect.
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
