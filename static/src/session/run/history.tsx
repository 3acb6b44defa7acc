// The kept runs of the session, newest first.
import { useEffect } from "preact/hooks"
import { ago, full } from "../../lib/times"
import type { Run } from "../../types"
import { Problem } from "../../ui/problem"
import { whyNobody } from "./languages"
import type { Running } from "./running"
import type { Runs } from "./runs"
import { aboutRun } from "./words"

const isGood = ({ outcome }: Run) => outcome === "done"

interface Props {
  runs: Runs
  running: Running
  onOpen: () => void
}

/** Runs the code of a kept run again, with the text that it had then. */
function AgainButton({ run, runs, running, onOpen }: Props & { run: Run }) {
  const problem = whyNobody(run.language)
  const isIdle = runs.phase.value === "idle"
  if (!running.mayRun) return null
  return (
    <button
      type="button"
      class="small"
      title={problem || `Run ${run.name} with all files as they were at edit ${run.sequence}`}
      disabled={!isIdle || problem !== ""}
      onClick={() => {
        running.startAgain(run)
        onOpen()
      }}
    >
      Run this code
    </button>
  )
}

export function History({ runs, running, onOpen }: Props) {
  const { kept } = runs
  // `kept` has the reason if this fails
  const load = (before?: number) => void kept.load(before).catch(() => undefined)
  const epoch = kept.epoch.value
  useEffect(() => void kept.load().catch(() => undefined), [kept, epoch])
  const problem = kept.problem.value
  const history = kept.history.value
  const older = kept.older.value
  if (problem) return <Problem text={problem} onAgain={() => load()} />
  if (history === null) return <p role="status">Reading…</p>
  if (history.length === 0) return <p>Nobody has run anything here yet.</p>
  return (
    <ul class="run-list">
      {history.map((run) => (
        <li key={run.number}>
          <button
            type="button"
            class="ghost"
            onClick={() => {
              runs.showRun(run)
              onOpen()
            }}
          >
            <span>
              {run.user.username} ran {aboutRun(run).what}
            </span>
            <span class={isGood(run) ? "run-good" : "run-bad"}>{aboutRun(run).end}</span>
            <time dateTime={run.at} title={full(run.at)}>
              {ago(run.at)}
            </time>
            <span>edit {run.sequence}</span>
          </button>
          <AgainButton run={run} runs={runs} running={running} onOpen={onOpen} />
        </li>
      ))}
      {older !== null && (
        <li>
          <button type="button" class="small" onClick={() => load(older)}>
            Older runs
          </button>
        </li>
      )}
    </ul>
  )
}
