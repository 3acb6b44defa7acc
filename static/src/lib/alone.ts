// One at a time among all tabs of this browser.

/** Where the browser has no locks: longer than any work takes, and not for ever, because a tab may be closed meanwhile. */
const LEASE_MS = 25_000
/** Longer than two tabs need that write their leases at the same time. */
const POLL_MS = 50

const pause = (ms: number) => new Promise<void>((go) => setTimeout(go, ms))

/** Do some work while no other tab does work of this name. */
export function alone<T>(name: string, work: () => Promise<T>): Promise<T> {
  // browsers have locks over TLS and on localhost only
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- the types know secure pages only
  return navigator.locks ? (navigator.locks.request(name, work) as Promise<T>) : leased(name, work)
}

/** The same by a lease in this browser's storage. Two tabs may very seldom both get it: the work must bear that. */
async function leased<T>(name: string, work: () => Promise<T>): Promise<T> {
  const key = `lease:${name}`
  const mine = String(Math.random())
  const read = () => (localStorage.getItem(key) ?? "").split(" ")
  for (;;) {
    const [owner = "", until = ""] = read()
    if (owner === mine) break
    if (!owner || !(Number(until) > Date.now())) localStorage.setItem(key, `${mine} ${Date.now() + LEASE_MS}`)
    await pause(POLL_MS)
  }
  try {
    return await work()
  } finally {
    if (read()[0] === mine) localStorage.removeItem(key)
  }
}
