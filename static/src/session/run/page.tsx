// Shows a user's page in a frame of its own, from which the page cannot reach any host.
import { useEffect, useRef } from "preact/hooks"
import { HELLO, type Preview } from "../../run/protocol"

export function Page({ page }: { page: Preview }) {
  const frame = useRef<HTMLIFrameElement>(null)
  useEffect(() => {
    const greeted = ({ source, origin, data }: MessageEvent<unknown>) => {
      const shown = frame.current?.contentWindow
      if (!shown || source !== shown || origin !== "null" || data !== HELLO) return
      // the user's page could send this message again, so only the first one counts
      removeEventListener("message", greeted)
      shown.postMessage(page, "*")
    }
    addEventListener("message", greeted)
    return () => removeEventListener("message", greeted)
  }, [page])
  return (
    <iframe
      ref={frame}
      class="run-page"
      title={`Preview of ${page.entry}`}
      sandbox="allow-scripts"
      src="/run/preview"
    />
  )
}
