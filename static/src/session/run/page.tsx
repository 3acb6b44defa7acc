// A user's page, in a frame of its own that reaches nothing.
import { useEffect, useRef } from "preact/hooks"
import { HELLO, type Preview } from "../../run/protocol"

export function Page({ page }: { page: Preview }) {
  const frame = useRef<HTMLIFrameElement>(null)
  useEffect(() => {
    const greeted = ({ source, origin, data }: MessageEvent<unknown>) => {
      const shown = frame.current?.contentWindow
      if (!shown || source !== shown || origin !== "null" || data !== HELLO) return
      // the user's page may say the same again
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
