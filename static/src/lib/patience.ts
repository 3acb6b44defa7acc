// Ends requests in which nothing moves any more, such as those to a server that hangs.

/** How long loading may stand still before it counts as failed. */
const STALLED_MS = 15_000
/** How long a user waits for an answer that only reads. The server gives most of them in 0.1 s. */
const READ_MS = 20_000
/** How long a user waits for a change. Some, such as sign-ins of a whole class, wait in a queue. */
const CHANGE_MS = 60_000
/** How long a change may take that its user can stop, such as a program on another machine. */
const STOPPABLE_MS = 300_000
/** The bytes that a slow line uploads in a millisecond. A larger body may take longer. */
const SLOW_BYTES = 8

/** How long a page waits for the server, before it shows what this browser has. */
const KEPT_AFTER_MS = 3000

/** Wait for an answer. If it takes long, call `show`, which shows what this browser has. */
export async function meanwhile<T>(answer: Promise<T>, show: () => void): Promise<T> {
  const timer = setTimeout(show, KEPT_AFTER_MS)
  try {
    return await answer
  } finally {
    clearTimeout(timer)
  }
}

/** Call `failed` when `beat` was not called for some time. */
export function watch(
  failed: () => void,
  firstMs = STALLED_MS,
): { beat: () => void; end: () => void } {
  let timer = window.setTimeout(failed, firstMs)
  const end = () => clearTimeout(timer)
  return {
    beat: () => {
      end()
      timer = window.setTimeout(failed, STALLED_MS)
    },
    end,
  }
}

/** Read an answer. Call `came` for each part, with the number of its bytes. */
export async function readAll(answer: Response, came: (bytes: number) => void): Promise<Blob> {
  const parts: Uint8Array<ArrayBuffer>[] = []
  const reader = answer.body?.getReader()
  for (let read = await reader?.read(); read && !read.done; read = await reader?.read()) {
    parts.push(read.value)
    came(read.value.length)
  }
  return new Blob(parts)
}

function sizeOf(body: unknown): number {
  if (typeof body === "string") return body.length
  if (!(body instanceof FormData)) return 0
  return [...body.values()].reduce((sum, part) => sum + (part instanceof File ? part.size : 0), 0)
}

/** How long the first byte of an answer may take. */
export function patienceMs(method: string, body: unknown, canStop: boolean): number {
  const whole = canStop ? STOPPABLE_MS : method === "GET" ? READ_MS : CHANGE_MS
  return whole + sizeOf(body) / SLOW_BYTES
}
