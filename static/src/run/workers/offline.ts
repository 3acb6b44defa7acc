// Some runtimes can load only by requesting their files. This module loads them from files that are
// here already.

/** The address of files that are never requested. */
export const NOWHERE = "https://localhost/"

/**
 * Call `load`. Until it ends, every request is answered with `file`. WebAssembly is not compiled
 * again: `compiled` is used. So the worker needs no connection.
 */
export async function offline<T>(
  compiled: WebAssembly.Module,
  file: ArrayBuffer,
  load: () => Promise<T>,
): Promise<T> {
  const fetch = self.fetch.bind(self)
  const instantiateStreaming = WebAssembly.instantiateStreaming.bind(WebAssembly)
  self.fetch = () => Promise.resolve(new Response(file))
  WebAssembly.instantiateStreaming = async (_response, imports) => ({
    module: compiled,
    instance: await WebAssembly.instantiate(compiled, imports),
  })
  try {
    return await load()
  } finally {
    self.fetch = fetch
    WebAssembly.instantiateStreaming = instantiateStreaming
  }
}
