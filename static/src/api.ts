// Requests to the server this page came from; signed in by cookie, refreshed when the access token
// has run out.

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

/** What the server says with an error (docs/api.md). */
interface Problem {
  code?: string
  message?: string
  errors?: Record<string, string[]>
}

const REFRESHED_AT = "refreshedAt"
/**
 * Other tabs wait meanwhile. A token that the server has given in vain is given again
 * (docs/api.md).
 */
const REFRESH_TIMEOUT_MS = 15_000
let refreshing: Promise<boolean> | null = null

/** When any tab of this browser last got a token. */
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
 * Get a new access token: one request at a time, however many requests of all tabs need it.
 *
 * since: when the old token was used in vain. A token that another tab got after that serves as
 * well.
 */
export function refresh(since = Date.now()): Promise<boolean> {
  refreshing ??= alone("refresh", () => refreshUnlessDone(since)).finally(() => (refreshing = null))
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
    throw new ApiError(
      0,
      "offline",
      "The server cannot be reached. Check your connection and try again.",
    )
  }
}

/** Whether this browser has signed in before: then a refresh is worth a try. */
export const mayBeSignedIn = () => localStorage.getItem("signedIn") === "yes"

export async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  const since = Date.now()
  let answer = await send(method, path, body)
  if (
    answer.status === 401 &&
    mayBeSignedIn() &&
    !path.startsWith("/user/login") &&
    (await refresh(since))
  )
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

/**
 * What an error means for people, by its code, where the server's message speaks to programmers.
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
