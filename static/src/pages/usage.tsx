// The storage that a user's sessions take, and advice when it is nearly full.
import { useEffect, useState } from "preact/hooks"
import { get, words } from "../api"
import { size } from "../lib/sizes"
import { isFull, NEARLY, sessionsOf, warning } from "../lib/usage"
import type { Usage } from "../types"
import { Problem } from "../ui/problem"

interface GaugeProps {
  text: string
  used?: number
  limit?: number
}

/**
 * A line of text, and a bar below it. The bar is hidden from screen readers, because the text says
 * all that it shows.
 */
function Gauge({ text, used = 0, limit = 1 }: GaugeProps) {
  const share = Math.min(used / limit, 1)
  const level = share < NEARLY ? "" : share < 1 ? "nearly" : "full"
  return (
    <div>
      {text}
      <div class="usage-bar" aria-hidden="true">
        <div class={level} style={{ width: `${share * 100}%` }} />
      </div>
    </div>
  )
}

/** Both gauges. They are shown before the answer comes, so that nothing moves when it comes. */
function Gauges({ usage }: { usage: Usage | undefined }) {
  if (!usage)
    return (
      <div class="gauges" role="status">
        <Gauge text="Loading…" />
        <Gauge text={"\u00a0"} />
      </div>
    )
  return (
    <div class="gauges">
      <Gauge
        text={`${size(usage.bytes)} of ${size(usage.maxBytes)}`}
        used={usage.bytes}
        limit={usage.maxBytes}
      />
      <Gauge text={sessionsOf(usage)} used={usage.sessions} limit={usage.maxSessions} />
    </div>
  )
}

function Warning({ usage }: { usage: Usage }) {
  const text = warning(usage)
  if (!text) return null
  return (
    <p class={isFull(usage) ? "usage-warning full" : "usage-warning"} role="status">
      {text} To make room, delete <a href="/">sessions</a> that you do not need any more, or hand
      them over to another member, under People.
    </p>
  )
}

function useUsage() {
  const [usage, setUsage] = useState<Usage>()
  const [problem, setProblem] = useState("")
  const load = () => {
    setProblem("")
    return get<Usage>("/user/usage").then(setUsage, (error: unknown) => setProblem(words(error)))
  }
  useEffect(() => {
    void load()
    const again = () => void (document.visibilityState === "visible" && load())
    document.addEventListener("visibilitychange", again)
    return () => document.removeEventListener("visibilitychange", again)
  }, [])
  return { usage, problem, load }
}

export function Storage() {
  const { usage, problem, load } = useUsage()
  return (
    <section class="card" aria-labelledby="storage">
      <h2 id="storage">Storage</h2>
      <p class="hint">What your own sessions take, with their versions and chat</p>
      {problem && !usage ? (
        <div class="gauges">
          <Problem text={problem} onAgain={() => void load()} />
        </div>
      ) : (
        <Gauges usage={usage} />
      )}
      {usage && <Warning usage={usage} />}
    </section>
  )
}
