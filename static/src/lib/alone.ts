// Work that only one tab of this browser may do at a time.

/**
 * The length of a lease: longer than any work takes. It is limited because the tab that has the
 * lease may be closed.
 */
const LEASE_MS = 25_000
/**
 * The time after which a tab reads its lease again. Two tabs may write at the same time. After this
 * time, both have written.
 */
const POLL_MS = 50

const pause = (ms: number) => new Promise<void>((go) => setTimeout(go, ms))

/** Do some work while no other tab does work of this name. */
export function alone<T>(name: string, work: () => Promise<T>): Promise<T> {
  // browsers have locks only over TLS and on localhost
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- the types know secure pages only
  return navigator.locks ? (navigator.locks.request(name, work) as Promise<T>) : leased(name, work)
}

/**
 * `alone` with a lease in this browser's storage. In rare cases two tabs get the lease together, so
 * the work must allow that.
 */
async function leased<T>(name: string, work: () => Promise<T>): Promise<T> {
  const key = `lease:${name}`
  const mine = String(Math.random())
  const read = () => (localStorage.getItem(key) ?? "").split(" ")
  for (;;) {
    const [owner = "", until = ""] = read()
    if (owner === mine) break
    if (!owner || !(Number(until) > Date.now()))
      localStorage.setItem(key, `${mine} ${Date.now() + LEASE_MS}`)
    await pause(POLL_MS)
  }
  try {
    return await work()
  } finally {
    if (read()[0] === mine) localStorage.removeItem(key)
  }
}
