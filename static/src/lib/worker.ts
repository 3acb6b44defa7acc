// Registers the service worker (src/worker), and says when a newer app is ready.
import { offer } from "../ui/announce"

/** The worker keeps 1.6 MB of files, so the first page loads before it. */
const BEGIN_AFTER_MS = 4000
/** A tab that stays open for days looks for a new version this often, in milliseconds. */
const LOOK_MS = 60 * 60_000

/** The path of the script with which this page has started. */
const ownEntry = () =>
  document.querySelector<HTMLScriptElement>('script[type="module"][src]')?.getAttribute("src")

/** A worker has taken over. Tell the user if it has another app than this page. */
export function tookOver(
  entry: unknown,
  page: Pick<Location, "reload"> = location,
  own = ownEntry(),
): void {
  if (typeof entry !== "string" || entry === own) return
  offer("A new version is ready", { label: "Reload", act: () => page.reload() })
}

/** Begin to keep the app in this browser. Pages without TLS have no workers, except on localhost. */
export function keepApp(): void {
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- insecure pages lack it
  if (!navigator.serviceWorker) return
  navigator.serviceWorker.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
    tookOver((data as { entry?: unknown } | null)?.entry)
  })
  navigator.serviceWorker.startMessages()
  const begin = async () => {
    const registered = await navigator.serviceWorker.register("/sw.js")
    setInterval(() => void registered.update().catch(() => undefined), LOOK_MS)
  }
  // a browser that forbids workers keeps nothing, and the app works on
  setTimeout(() => void begin().catch(() => undefined), BEGIN_AFTER_MS)
}
