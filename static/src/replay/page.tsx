import { useSignal } from "@preact/signals"
import { useEffect, useMemo } from "preact/hooks"
import { get, words } from "../api"
import { MAIN_ROOT, rootTitle } from "../files"
import type { Session } from "../types"
import { cancellable } from "../ui/cancellable"
import { Brand, ThemeButton, useTitle } from "../ui/shell"
import { type Moment, type Page, Player } from "./player"
import { Screen } from "./screen"
import { readTimeline, type Timeline } from "./timeline"
import { Marks, Tracks } from "./tracks"

const SPEEDS = [1, 2, 4, 8, 16]
const MARKS_LISTED = 400
const TICK_MS = 250

function usePlayback(player: Player, shown: { value: Moment }) {
  const playing = useSignal(false)
  const go = (sequence: number) => player.seek(sequence).then((moment) => (shown.value = moment))
  useEffect(() => {
    if (!playing.value) return
    let last = performance.now()
    let frame = requestAnimationFrame(function tick(now) {
      // a tab that was in the background does not catch up
      if (player.advance(Math.min(TICK_MS, now - last))) shown.value = player.moment
      last = now
      if (player.moment.sequence >= player.total) playing.value = false
      else frame = requestAnimationFrame(tick)
    })
    return () => cancelAnimationFrame(frame)
  }, [playing.value])
  const toggle = async () => {
    if (!playing.value && player.moment.sequence >= player.total) await go(0)
    playing.value = !playing.value
  }
  return { playing, go, toggle }
}

function useKeys(act: Record<string, () => void>): void {
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const target = event.target as Element
      const own = target.closest("select, textarea, input:not([type=range]), button, a")
      if (event.ctrlKey || event.metaKey || event.altKey || (own && (event.key === " " || own.matches("select"))))
        return
      if (target.matches("input[type=range]") && /^(Arrow|Home|End)/.test(event.key)) return
      const wanted = act[event.key]
      if (!wanted) return
      event.preventDefault()
      wanted()
    }
    document.addEventListener("keydown", pressed)
    return () => document.removeEventListener("keydown", pressed)
  })
}

function Controls({ player, timeline, shown }: { player: Player; timeline: Timeline; shown: { value: Moment } }) {
  const { playing, go, toggle } = usePlayback(player, shown)
  const speed = useSignal(1)
  const skips = useSignal(true)
  const faster = (by: number) => {
    speed.value = player.speed = SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, SPEEDS.indexOf(speed.value) + by))]!
  }
  const jump = (step: 1 | -1) => {
    const { sequence } = player.moment
    const marks = timeline.marks.map((one) => one.sequence)
    const target = step > 0 ? marks.find((one) => one > sequence) : marks.filter((one) => one < sequence).at(-1)
    void go(target ?? (step > 0 ? player.total : 0))
  }
  const move = (by: number) => void go(player.moment.sequence + by)
  useKeys({
    " ": () => void toggle(),
    ArrowLeft: () => move(-1),
    ArrowRight: () => move(1),
    Home: () => void go(0),
    End: () => void go(player.total),
    "[": () => faster(-1),
    "]": () => faster(1),
    ",": () => jump(-1),
    ".": () => jump(1),
  })
  const { sequence, at, author } = shown.value
  const about = `${sequence.toLocaleString("en")} of ${player.total.toLocaleString("en")}${at ? `, ${new Date(at).toLocaleString()}` : ""}${author ? `, ${author.username}` : ""}`
  return (
    <section class="controls" aria-label="Player">
      <div class="scrub">
        <Marks timeline={timeline} />
        <input
          type="range"
          aria-label="Moment"
          aria-valuetext={about}
          min={0}
          max={player.total}
          value={sequence}
          onInput={(event) => void go(Number(event.currentTarget.value))}
        />
      </div>
      <div class="control-row">
        <button type="button" class="primary" onClick={() => void toggle()}>
          {playing.value ? "Pause" : "Play"}
        </button>
        <button type="button" class="icon" aria-label="Mark before" title="Mark before (,)" onClick={() => jump(-1)}>
          ‹
        </button>
        <button type="button" class="icon" aria-label="Next mark" title="Next mark (.)" onClick={() => jump(1)}>
          ›
        </button>
        <label>
          Speed{" "}
          <select
            value={String(speed.value)}
            onChange={(event) => (speed.value = player.speed = Number(event.currentTarget.value))}
          >
            {SPEEDS.map((one) => (
              <option key={one} value={String(one)}>
                {one}×
              </option>
            ))}
          </select>
        </label>
        <label class="check">
          <input
            type="checkbox"
            checked={skips.value}
            onChange={(event) => (skips.value = player.skipsIdle = event.currentTarget.checked)}
          />{" "}
          Skip idle time
        </label>
        <label>
          Jump to{" "}
          <select value="" onChange={(event) => void go(Number(event.currentTarget.value))}>
            <option value="">a mark…</option>
            {timeline.marks.slice(-MARKS_LISTED).map((one, index) => (
              <option key={index} value={String(one.sequence)}>
                {one.label} · {new Date(one.at).toLocaleTimeString()}
              </option>
            ))}
          </select>
        </label>
        <output class="moment" data-testid="moment">
          {about}
        </output>
      </div>
    </section>
  )
}

function Playing({ id, session, timeline }: { id: string; session: Session; timeline: Timeline }) {
  const player = useMemo(
    () => new Player(timeline.sequence, (from, to) => get<Page>(`/code/${id}/replay?from=${from}&to=${to}`)),
    [timeline],
  )
  const shown = useSignal<Moment>(player.moment)
  const chosen = useSignal("")
  useEffect(() => cancellable(player.seek(timeline.sequence), (moment) => (shown.value = moment)), [player])
  const { files, root, position } = shown.value
  const names = Object.keys(files)
  const current = chosen.value || root || names[0] || MAIN_ROOT
  return (
    <>
      <main class="editor-area" id="main">
        <div class="compare-bar">
          <label>
            File{" "}
            <select value={chosen.value} onChange={(event) => (chosen.value = event.currentTarget.value)}>
              <option value="">where somebody types</option>
              {names.map((one) => (
                <option key={one} value={one}>
                  {rootTitle(one)}
                </option>
              ))}
            </select>
          </label>
        </div>
        <Screen
          text={files[current] ?? ""}
          position={root === current ? position : 0}
          language={session.language}
          name={current}
        />
      </main>
      <footer class="player">
        <Controls player={player} timeline={timeline} shown={shown} />
        <Tracks timeline={timeline} />
      </footer>
    </>
  )
}

export default function ReplayPage({ id }: { id: string }) {
  const session = useSignal<Session | null>(null)
  const timeline = useSignal<Timeline | null>(null)
  const problem = useSignal("")
  useTitle("Replay")
  useEffect(() => {
    const failed = (error: unknown) => (problem.value = words(error))
    const stops = [
      cancellable(get<Session>(`/session/${id}`), (found) => (session.value = found), failed),
      cancellable(readTimeline(id), (read) => (timeline.value = read), failed),
    ]
    return () => stops.forEach((stop) => stop())
  }, [id])
  return (
    <div class="workspace">
      <header class="bar">
        <Brand />
        <h1 class="bar-title">Replay{session.value && ` of ${session.value.title}`}</h1>
        <span class="spring" />
        <a class="button" href={`/s/${id}`}>
          Back to the editor
        </a>
        <ThemeButton />
      </header>
      {problem.value && (
        <p class="banner" role="alert">
          {problem.value}
        </p>
      )}
      {!timeline.value && !problem.value && (
        <p class="boot" role="status">
          Reading the timeline…
        </p>
      )}
      {timeline.value?.sequence === 0 && <p class="boot">Nothing was typed here yet.</p>}
      {session.value && timeline.value && timeline.value.sequence > 0 && (
        <Playing id={id} session={session.value} timeline={timeline.value} />
      )}
    </div>
  )
}
