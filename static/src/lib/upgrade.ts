// Loads parts of the app when they are needed. After an upgrade, the server has them under other
// names.

const RELOADED_AT = "reloadedAt"
/** If a page fails within this time after a reload, another reload would not help. */
const GUARD_MS = 60_000

const isServerThere = () =>
  fetch("/healthz").then(
    (answer) => answer.ok,
    () => false,
  )

/**
 * Load a part of the app. If that fails and the server answers, reload the page once, because a
 * new page has the current names of the parts.
 *
 * Rejects with the browser's error if a reload would not help.
 */
export async function loadPart<T>(
  load: () => Promise<T>,
  page: Pick<Location, "reload"> = location,
): Promise<T> {
  try {
    return await load()
  } catch (error) {
    const before = Number(sessionStorage.getItem(RELOADED_AT) ?? 0)
    if (Math.abs(Date.now() - before) < GUARD_MS || !(await isServerThere())) throw error
    sessionStorage.setItem(RELOADED_AT, String(Date.now()))
    page.reload()
    return new Promise<T>(() => undefined)
  }
}
