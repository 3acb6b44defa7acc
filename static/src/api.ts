// Requests to the server this page came from; signed in by cookie, refreshed when the access token has run out.

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly fields: Record<string, string[]> = {},
  ) {
    super(message)
  }
}

/** What the server says with an error (docs/api.md). */
interface Problem {
  code?: string
  message?: string
  errors?: Record<string, string[]>
}

let refreshing: Promise<boolean> | null = null

/** Get a new access token; one at a time, however many requests need it. */
export function refresh(): Promise<boolean> {
  refreshing ??= fetch("/user/refresh", { method: "POST" })
    .then((answer) => answer.ok)
    .finally(() => (refreshing = null))
  return refreshing
}

async function send(method: string, path: string, body?: unknown): Promise<Response> {
  const isForm = body instanceof FormData
  try {
    return await fetch(path, {
      method,
      headers: body === undefined || isForm ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : isForm ? body : JSON.stringify(body),
    })
  } catch {
    throw new ApiError(0, "offline", "The server cannot be reached. Check your connection and try again.")
  }
}

/** Whether this browser has signed in before: then a refresh is worth a try. */
export const mayBeSignedIn = () => localStorage.getItem("signedIn") === "yes"

export async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  let answer = await send(method, path, body)
  if (answer.status === 401 && mayBeSignedIn() && !path.startsWith("/user/login") && (await refresh()))
    answer = await send(method, path, body)
  if (answer.status === 204) return undefined as T
  const content: unknown = await answer.json().catch(() => ({}))
  if (answer.ok) return content as T
  const problem = content as Problem
  throw new ApiError(
    answer.status,
    problem.code ?? "unknown",
    problem.message ?? `The server answered ${answer.status}.`,
    problem.errors,
  )
}

export const get = <T>(path: string) => call<T>("GET", path)
export const post = <T>(path: string, body: unknown = {}) => call<T>("POST", path, body)
export const patch = <T>(path: string, body: unknown) => call<T>("PATCH", path, body)
export const del = <T>(path: string, body?: unknown) => call<T>("DELETE", path, body)
export const words = (error: unknown) => (error instanceof Error ? error.message : String(error))
