// The kept runs of the session, newest first.
import { useEffect, useState } from "preact/hooks"
import { words } from "../../api"
import { ago, full } from "../../lib/times"
import type { Run } from "../../types"
import type { Runs } from "./runs"
import { fromReport, summaryOf } from "./tests/results"
import { endOf } from "./words"

const isGood = ({ outcome }: Run) => outcome === "done"

export function History({ runs, onOpen }: { runs: Runs; onOpen: () => void }) {
  const [problem, setProblem] = useState("")
  useEffect(() => {
    runs.load().catch((error: unknown) => setProblem(words(error)))
  }, [runs])
  const history = runs.history.value
  const older = runs.older.value
  if (problem) return <p role="alert">{problem}</p>
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
              {run.user.username} ran {run.tests.length > 0 && "tests of "}
              {run.name}
            </span>
            <span class={isGood(run) ? "run-good" : "run-bad"}>
              {run.tests.length > 0 ? summaryOf(fromReport(run.tests)) : endOf(run)}
            </span>
            <time dateTime={run.at} title={full(run.at)}>
              {ago(run.at)}
            </time>
          </button>
        </li>
      ))}
      {older !== null && (
        <li>
          <button
            type="button"
            class="small"
            onClick={() =>
              void runs.load(older).catch((error: unknown) => setProblem(words(error)))
            }
          >
            Older runs
          </button>
        </li>
      )}
    </ul>
  )
}
