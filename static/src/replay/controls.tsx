// The player's buttons, slider and keys.
import { useEffect, useState } from "preact/hooks"
import { itemAt } from "../lib/lists"
import { Icon } from "../ui/icons"
import { useKeyDown } from "../ui/keys"
import type { Moment, Pace, Player } from "./player"
import type { Mark, Timeline } from "./timeline"
import { Legend, Marks } from "./tracks"

const SPEEDS = [1, 2, 4, 8, 16]
const MARKS_LISTED = 400
const TICK_MS = 250

function usePlayback(player: Player, pace: Pace) {
  const [isPlaying, setIsPlaying] = useState(false)
  useEffect(() => {
    if (!isPlaying) return
    let last = performance.now()
    let frame = requestAnimationFrame(function tick(now) {
      // a tab that was in the background does not catch up: it leaves out that time
      player.advance(Math.min(TICK_MS, now - last), pace)
      last = now
      if (player.moment.peek().sequence >= player.total) setIsPlaying(false)
      else frame = requestAnimationFrame(tick)
    })
    return () => cancelAnimationFrame(frame)
  }, [isPlaying, player, pace])
  const toggle = async () => {
    if (!isPlaying && player.moment.peek().sequence >= player.total) await player.seek(0)
    setIsPlaying(!isPlaying)
  }
  return { isPlaying, toggle }
}

/** Whether the focused element needs this key itself: a list, a button or the slider. */
function isTakenBy(target: Element, key: string): boolean {
  const control = target.closest("select, textarea, input:not([type=range]), button, a")
  if (control && (key === " " || control.matches("select"))) return true
  return target.matches("input[type=range]") && /^(Arrow|Home|End)/.test(key)
}

function useKeys(act: Record<string, () => void>): void {
  useKeyDown((event) => {
    const action = act[event.key]
    if (!action || event.ctrlKey || event.metaKey || event.altKey) return
    if (event.target instanceof Element && isTakenBy(event.target, event.key)) return
    event.preventDefault()
    action()
  })
}

/** The shown moment as text, for example "3 of 12, 14:05:11, Ada". */
function describe({ sequence, at, author }: Moment, total: number): string {
  const place = `${sequence.toLocaleString("en")} of ${total.toLocaleString("en")}`
  return [place, at ? new Date(at).toLocaleString() : "", author?.username ?? ""]
    .filter(Boolean)
    .join(", ")
}

function Speed({ speed, onChange }: { speed: number; onChange: (speed: number) => void }) {
  const step = (by: number) =>
    onChange(itemAt(SPEEDS, Math.max(0, Math.min(SPEEDS.length - 1, SPEEDS.indexOf(speed) + by))))
  useKeys({ "[": () => step(-1), "]": () => step(1) })
  return (
    <label>
      Speed{" "}
      <select
        value={String(speed)}
        onChange={(event) => onChange(Number(event.currentTarget.value))}
      >
        {SPEEDS.map((factor) => (
          <option key={factor} value={String(factor)}>
            {factor}×
          </option>
        ))}
      </select>
    </label>
  )
}

function SkipIdle({ skips, onChange }: { skips: boolean; onChange: (skips: boolean) => void }) {
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={skips}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />{" "}
      Skip idle time
    </label>
  )
}

function JumpTo({ marks, onChoose }: { marks: Mark[]; onChoose: (sequence: number) => void }) {
  return (
    <label>
      Jump to{" "}
      <select value="" onChange={(event) => onChoose(Number(event.currentTarget.value))}>
        <option value="">event…</option>
        {marks.slice(-MARKS_LISTED).map((mark, index) => (
          <option key={index} value={String(mark.sequence)}>
            {mark.label} · {new Date(mark.at).toLocaleTimeString()}
          </option>
        ))}
      </select>
    </label>
  )
}

interface Props {
  player: Player
  timeline: Timeline
}

export function Controls({ player, timeline }: Props) {
  const [pace, setPace] = useState<Pace>({ speed: 1, skipsIdle: true })
  const { isPlaying, toggle } = usePlayback(player, pace)
  const moment = player.moment.value
  const go = (sequence: number) => void player.seek(sequence)
  const jump = (step: 1 | -1) => {
    const { sequence } = player.moment.peek()
    const marks = timeline.marks.map((mark) => mark.sequence)
    const target =
      step > 0
        ? marks.find((mark) => mark > sequence)
        : marks.filter((mark) => mark < sequence).at(-1)
    go(target ?? (step > 0 ? player.total : 0))
  }
  const move = (by: number) => go(player.moment.peek().sequence + by)
  useKeys({
    " ": () => void toggle(),
    ArrowLeft: () => move(-1),
    ArrowRight: () => move(1),
    Home: () => go(0),
    End: () => go(player.total),
    ",": () => jump(-1),
    ".": () => jump(1),
  })
  const about = describe(moment, player.total)
  return (
    <section aria-label="Player">
      <div class="scrub">
        <Marks timeline={timeline} />
        <input
          type="range"
          aria-label="Moment"
          aria-valuetext={about}
          min={0}
          max={player.total}
          value={moment.sequence}
          onInput={(event) => go(Number(event.currentTarget.value))}
        />
      </div>
      <div class="control-row">
        <button type="button" class="primary" onClick={() => void toggle()}>
          {isPlaying ? "Pause" : "Play"}
        </button>
        <button
          type="button"
          class="icon"
          aria-label="Previous event"
          title="Previous event (,)"
          onClick={() => jump(-1)}
        >
          <Icon name="previous" />
        </button>
        <button
          type="button"
          class="icon"
          aria-label="Next event"
          title="Next event (.)"
          onClick={() => jump(1)}
        >
          <Icon name="next" />
        </button>
        <Speed speed={pace.speed} onChange={(speed) => setPace((old) => ({ ...old, speed }))} />
        <SkipIdle
          skips={pace.skipsIdle}
          onChange={(skipsIdle) => setPace((old) => ({ ...old, skipsIdle }))}
        />
        <Legend timeline={timeline} />
        <JumpTo marks={timeline.marks} onChoose={(sequence) => go(sequence)} />
        <output class="moment" data-testid="moment">
          {about}
        </output>
      </div>
    </section>
  )
}
