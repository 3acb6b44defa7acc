// Some runtimes can load only by requesting their files. This module loads them from files that are
// here already.

/** The address of files that are never requested. */
export const NOWHERE = "https://localhost/"

let memory: WebAssembly.Memory | null = null

/**
 * The bytes of memory of the runtime that was loaded here; undefined without one. The memory of
 * WebAssembly never shrinks, so this is the most that the program has had, together with the runtime.
 */
export const memoryBytes = (): number | undefined => memory?.buffer.byteLength

/** Remember the memory of a runtime. It has one, under a name that differs by runtime. */
function remember({ exports }: WebAssembly.Instance): void {
  memory = Object.values(exports).find((value) => value instanceof WebAssembly.Memory) ?? null
}

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
  WebAssembly.instantiateStreaming = async (_response, imports) => {
    const instance = await WebAssembly.instantiate(compiled, imports)
    remember(instance)
    return { module: compiled, instance }
  }
  try {
    return await load()
  } finally {
    self.fetch = fetch
    WebAssembly.instantiateStreaming = instantiateStreaming
  }
}
