// The service worker: keeps the app's shell in this browser, so that pages open without the server.
// It keeps built files only, which are equal for everybody. It keeps no answer of the API and no
// document. Documents are in the browser's database (static/src/session/live/kept.ts), and signing
// out deletes them.
import { isScreen, type Shell } from "./shell"

// These parts of the workers' interface are missing in the DOM's types.
interface Lasting extends Event {
  waitUntil(work: Promise<unknown>): void
}
interface Fetched extends Lasting {
  readonly request: Request
  respondWith(answer: Promise<Response>): void
}
interface Scope {
  readonly caches: CacheStorage
  readonly clients: {
    claim(): Promise<void>
    matchAll(): Promise<readonly { postMessage(message: unknown): void }[]>
  }
  skipWaiting(): Promise<void>
  addEventListener(type: "install" | "activate", listener: (event: Lasting) => void): void
  addEventListener(type: "fetch", listener: (event: Fetched) => void): void
}

/** The build replaces this name by the files of the app. */
declare const SHELL: Shell

const worker = self as unknown as Scope
const PREFIX = "shell-"
const PAGE = "/"
/** How long a page waits for the server, before it opens from this browser. */
const PATIENCE_MS = 3000

async function install(): Promise<void> {
  const cache = await worker.caches.open(PREFIX + SHELL.revision)
  // the names of built files change with their content, so the browser's own cache may have them
  await Promise.all([cache.addAll(SHELL.files), cache.add(new Request(PAGE, { cache: "reload" }))])
  // A page requests its parts by names that only its build has, and the files of the last build are
  // kept. So a new worker may serve tabs that an older worker has opened.
  await worker.skipWaiting()
}

async function activate(): Promise<void> {
  const names = (await worker.caches.keys()).filter((name) => name.startsWith(PREFIX))
  // the oldest cache comes first, and open tabs may still need the build before this one
  const others = names.filter((name) => name !== PREFIX + SHELL.revision)
  await Promise.all(others.slice(0, -1).map((name) => worker.caches.delete(name)))
  await worker.clients.claim()
  for (const tab of await worker.clients.matchAll()) tab.postMessage({ entry: SHELL.entry })
}

/**
 * Ignore how answers vary by compression and origin: kept answers are decompressed, and only for
 * this origin.
 */
const ANY: MultiCacheQueryOptions = { ignoreVary: true }

/** The shell of this build. */
async function keptPage(): Promise<Response> {
  const cache = await worker.caches.open(PREFIX + SHELL.revision)
  return (await cache.match(PAGE, ANY)) ?? Response.error()
}

/** Return the server's page, or the kept page if neither the server nor a proxy sends one. */
async function page(request: Request): Promise<Response> {
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(PATIENCE_MS) })
    if (answer.status < 500) return answer
  } catch {
    // the kept page says that there is no connection
  }
  return keptPage()
}

async function file(request: Request): Promise<Response> {
  return (await worker.caches.match(request, ANY)) ?? fetch(request)
}

worker.addEventListener("install", (event) => event.waitUntil(install()))
worker.addEventListener("activate", (event) => event.waitUntil(activate()))
worker.addEventListener("fetch", (event) => {
  const { method, mode, url } = event.request
  const { origin, pathname } = new URL(url)
  // all other requests go to the server as if there were no worker
  if (method !== "GET" || origin !== location.origin) return
  if (mode === "navigate" && isScreen(pathname)) event.respondWith(page(event.request))
  else if (SHELL.files.includes(pathname)) event.respondWith(file(event.request))
  else if (pathname.startsWith("/static/dist/assets/")) event.respondWith(file(event.request))
})
