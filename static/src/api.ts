// Requests to the server of this page. The user is signed in by a cookie. An expired access token
// is refreshed.

import { alone } from "./lib/alone"
import { patienceMs, readAll, watch } from "./lib/patience"

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
const REFRESH = "/user/refresh"
/**
 * The longest time that a refresh may take. Other tabs wait for it. If its answer is lost, the
 * server gives the same token again (docs/api.md).
 */
const REFRESH_TIMEOUT_MS = 15_000
let refreshing: Promise<boolean> | null = null

/** The time at which any tab of this browser last got a token, in Unix milliseconds; 0 if none. */
export const refreshedAt = () => Number(localStorage.getItem(REFRESHED_AT) ?? 0)
export const noteRefreshed = () => localStorage.setItem(REFRESHED_AT, String(Date.now()))

async function refreshUnlessDone(since: number): Promise<boolean> {
  if (refreshedAt() > since) return true
  const answer = await send("POST", REFRESH)
  if (answer.isOk) noteRefreshed()
  return answer.isOk
}

/**
 * Get a new access token. All requests of all tabs share one refresh at a time.
 *
 * since: the time of the request that the server refused. If another tab has got a token after that
 * time, this function uses that token.
 */
export function refresh(since = Date.now()): Promise<boolean> {
  refreshing ??= alone("refresh", () => refreshUnlessDone(since)).finally(() => (refreshing = null))
  return refreshing
}

interface Answer {
  status: number
  isOk: boolean
  /** the answer as text; "" if it has none */
  text: string
}

/** Why a request has no answer. The server may have made a change of which it could not tell. */
const SILENT = "The server does not answer. Try again."
const SILENT_CHANGE =
  "The server has not answered in time. See whether the change was made before you try again."

function silence(isChange: boolean, isOverdue: boolean): ApiError {
  if (isOverdue) return new ApiError(0, "timeout", isChange ? SILENT_CHANGE : SILENT)
  return new ApiError(
    0,
    "offline",
    "The server cannot be reached. Check your connection and try again.",
  )
}

async function send(
  method: string,
  path: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<Answer> {
  const isForm = body instanceof FormData
  const content = body === undefined ? null : isForm ? body : JSON.stringify(body)
  const stop = new AbortController()
  const end = () => stop.abort()
  let isOverdue = false
  const clock = watch(
    () => {
      isOverdue = true
      end()
    },
    path === REFRESH ? REFRESH_TIMEOUT_MS : patienceMs(method, content, signal !== undefined),
  )
  if (signal?.aborted) end()
  signal?.addEventListener("abort", end)
  try {
    const headers: HeadersInit =
      content === null || isForm ? {} : { "Content-Type": "application/json" }
    const answer = await fetch(path, { method, headers, body: content, signal: stop.signal })
    const { status, ok: isOk } = answer
    return { status, isOk, text: await (await readAll(answer, clock.beat)).text() }
  } catch {
    throw silence(method !== "GET" && path !== REFRESH, isOverdue)
  } finally {
    clock.end()
    signal?.removeEventListener("abort", end)
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}

/** Whether the server, or a proxy before it, could not be reached. */
export const isAway = (error: unknown) =>
  error instanceof ApiError && (error.status === 0 || error.status >= 502)

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
  const content = parsed(answer.text)
  if (answer.isOk) return content as T
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
 * Texts for users, by error code. The server's own messages for these errors are for programmers.
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
