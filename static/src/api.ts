// Requests to the server of this page. The user is signed in by a cookie. An expired access token
// is refreshed.

import { alone } from "./lib/alone"

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

/** An error in the server's answer (docs/api.md). */
interface Problem {
  code?: string
  message?: string
  errors?: Record<string, string[]>
}

const REFRESHED_AT = "refreshedAt"
/**
 * The longest time for a refresh, for which other tabs wait. If its answer is lost, the server
 * gives the same token again (docs/api.md).
 */
const REFRESH_TIMEOUT_MS = 15_000
let refreshing: Promise<boolean> | null = null

/** The time at which any tab of this browser last got a token, in Unix milliseconds; 0 if none. */
export const refreshedAt = () => Number(localStorage.getItem(REFRESHED_AT) ?? 0)
export const noteRefreshed = () => localStorage.setItem(REFRESHED_AT, String(Date.now()))

async function refreshUnlessDone(since: number): Promise<boolean> {
  if (refreshedAt() > since) return true
  const answer = await fetch("/user/refresh", {
    method: "POST",
    signal: AbortSignal.timeout(REFRESH_TIMEOUT_MS),
  })
  if (answer.ok) noteRefreshed()
  return answer.ok
}

/**
 * Get a new access token. All requests of all tabs share one refresh at a time.
 *
 * since: when a request was sent that the server refused. A token that another tab has got after
 * that is used instead.
 */
export function refresh(since = Date.now()): Promise<boolean> {
  refreshing ??= alone("refresh", () => refreshUnlessDone(since)).finally(() => (refreshing = null))
  return refreshing
}

async function send(
  method: string,
  path: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<Response> {
  const isForm = body instanceof FormData
  try {
    return await fetch(path, {
      method,
      headers: body === undefined || isForm ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : isForm ? body : JSON.stringify(body),
      signal: signal ?? null,
    })
  } catch {
    throw new ApiError(
      0,
      "offline",
      "The server cannot be reached. Check your connection and try again.",
    )
  }
}

/** Whether the server, or a proxy before it, could not be reached. */
export const isAway = (error: unknown) =>
  error instanceof ApiError && (error.code === "offline" || error.status >= 502)

/** Whether somebody has signed in with this browser before, so that a refresh may succeed. */
export const mayBeSignedIn = () => localStorage.getItem("signedIn") === "yes"

export async function call<T>(
  method: string,
  path: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<T> {
  const since = Date.now()
  let answer = await send(method, path, body, signal)
  if (
    answer.status === 401 &&
    mayBeSignedIn() &&
    !path.startsWith("/user/login") &&
    (await refresh(since))
  )
    answer = await send(method, path, body, signal)
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
export const post = <T>(path: string, body: unknown = {}, signal?: AbortSignal) =>
  call<T>("POST", path, body, signal)
export const patch = <T>(path: string, body: unknown) => call<T>("PATCH", path, body)
export const del = <T>(path: string, body?: unknown) => call<T>("DELETE", path, body)

/**
 * Texts for users, by error code, for errors whose message from the server is for programmers.
 */
const PLAIN = new Map([
  [
    "text_unavailable",
    "The server cannot read the text of this session, so it cannot do this. You can type on: everything is saved.",
  ],
])

export function words(error: unknown): string {
  const plain = error instanceof ApiError ? PLAIN.get(error.code) : undefined
  return plain ?? (error instanceof Error ? error.message : String(error))
}
