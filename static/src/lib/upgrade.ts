// Parts of the app that are loaded when they are needed: after an upgrade the server has them under
// other names.

const RELOADED_AT = "reloadedAt"
/** A page that fails again so soon after it was loaded would fail for ever. */
const GUARD_MS = 60_000

const isServerThere = () =>
  fetch("/healthz").then(
    (answer) => answer.ok,
    () => false,
  )

/**
 * Load a part of the app. Where that fails and the server is there, the page is loaded again, once:
 * that brings the names of the parts as they are now.
 *
 * Raises what the browser says, if the page cannot help itself.
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
