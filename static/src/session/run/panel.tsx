// The panel below the editor: the output of a program, its input, and the kept runs.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks"
import { itemAt } from "../../lib/lists"
import type { Run } from "../../types"
import { Icon } from "../../ui/icons"
import type { Participant } from "../live/collab"
import { useFocusBack } from "../panels/focus"
import { History } from "./history"
import { Line } from "./line"
import { Page } from "./page"
import type { Running } from "./running"
import type { Runs } from "./runs"
import type { Shown } from "./shown"
import { TestsTab } from "./tests/tab"
import type { Tests } from "./tests/tests"
import { OutputText } from "./text"
import type { RunPresence } from "./types"
import { endOf, memoryOf, presenceOf } from "./words"

interface Props {
  runs: Runs
  tests: Tests
  people: readonly Participant[]
  running: Running
  onClose: () => void
}

/** A program that runs in another browser, with the end of its output. */
function Elsewhere({ people, running: { nameOf } }: Props) {
  const active = people.flatMap(({ clientId, name, run }) => {
    const told: RunPresence | null = presenceOf(run)
    return told?.state === "running" ? [{ clientId, name, told }] : []
  })
  return (
    <>
      {active.map(({ clientId, name, told }) => (
        <div key={clientId} class="run-elsewhere">
          <p role="status">
            {name} runs {nameOf(told.root)}…
          </p>
          {told.tail && <pre class="run-text">{told.tail}</pre>}
        </div>
      ))}
    </>
  )
}

function Loading({ runs }: { runs: Runs }) {
  if (runs.phase.value !== "loading") return null
  const size = runs.loads.value
  const progress = runs.progress.value
  return (
    <p class="run-loading" role="status">
      {size ? `Loading the language: ${size}, once for this browser…` : "Starting…"}
      {progress !== null && <progress aria-label="Loaded" value={progress} max={1} />}
    </p>
  )
}

function reporter({ by, isRemote }: Shown): string {
  if (isRemote) return "the service that this server uses"
  return by ? `the browser of ${by}` : "your browser"
}

function Ending({ shown }: { shown: Shown }) {
  if (shown.problem)
    return (
      <p class="run-end" role="alert">
        {shown.problem}
      </p>
    )
  if (!shown.ending) return null
  const isGood = shown.ending.outcome === "done"
  return (
    <p class="run-end" role="status">
      <strong class={isGood ? "run-good" : "run-bad"}>{endOf(shown.ending)}.</strong>
      {shown.ending.memory !== undefined && ` ${memoryOf(shown.ending.memory, shown.isRemote)}.`}
      {shown.ending.isCut && " The output was cut at 64 KiB."}{" "}
      <span class="run-claim">As {reporter(shown)} reports it.</span>
    </p>
  )
}

/** Says which earlier run this one repeats. It runs the code of that time. */
function Again({ run: { user, number, sequence } }: { run: Run }) {
  return (
    <span>
      {" "}
      as it was at edit {sequence}, when <bdi>{user.username}</bdi> ran it (run {number})
    </span>
  )
}

function Output(props: Props) {
  const { runs, running } = props
  const { mayRun, stdin, setStdin } = running
  const shown = runs.shown.value
  const end = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    if (runs.phase.peek() === "running") end.current?.scrollIntoView({ block: "nearest" })
  }, [runs, shown])
  return (
    <>
      {mayRun && (
        <details class="run-input" open={stdin !== ""}>
          <summary>Input</summary>
          <textarea
            aria-label="Input of the program"
            placeholder="What the program reads, line by line"
            rows={2}
            maxLength={16_000}
            value={stdin}
            onInput={(event) => setStdin(event.currentTarget.value)}
          />
        </details>
      )}
      <Elsewhere {...props} />
      <Loading runs={runs} />
      {runs.hidesOwn.value && (
        <button type="button" class="small" onClick={() => runs.showOwn()}>
          Show the running program
        </button>
      )}
      {!shown && <p>{mayRun ? "Run the open file to see its output." : "Nothing has run yet."}</p>}
      {shown && (
        <>
          <p class="run-name">
            {shown.by ? `${shown.by} ran ` : ""}
            <bdi>{shown.name}</bdi>
            {shown.again && <Again run={shown.again} />}
          </p>
          {shown.pieces.length > 0 && (
            <OutputText pieces={shown.pieces} files={running.names} onPlace={running.goTo} />
          )}
          {runs.typed.isAwaited.value && !shown.by && <Line typed={runs.typed} />}
          {shown.page && <Page key={shown.number} page={shown.page} />}
          {shown.pictures.map((url, index) => (
            <img
              key={url}
              class="run-picture"
              src={url}
              alt={`Picture ${index + 1} of the program`}
            />
          ))}
          <Ending shown={shown} />
        </>
      )}
      <div ref={end} />
    </>
  )
}

const TABS = ["Output", "Tests", "History"] as const

export default function RunPanel(props: Props) {
  const { running } = props
  const panel = useFocusBack()
  const [tab, setTab] = useState<(typeof TABS)[number]>("Output")
  // a run of tests, such as by its shortcut, shows the results
  const isTesting = props.tests.running.value !== null
  useEffect(() => {
    if (isTesting) setTab("Tests")
  }, [isTesting])
  const pressed = (event: KeyboardEvent) => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return
    const by = event.key === "ArrowLeft" ? TABS.length - 1 : 1
    const other = itemAt(TABS, (TABS.indexOf(tab) + by) % TABS.length)
    setTab(other)
    document.getElementById(`run-tab-${other}`)?.focus()
  }
  return (
    <section class="run-panel" aria-label="Output of programs" ref={panel}>
      <header class="run-head">
        <div role="tablist" aria-label="Runs" onKeyDown={pressed}>
          {TABS.map((name) => (
            <button
              key={name}
              id={`run-tab-${name}`}
              type="button"
              class="ghost small"
              role="tab"
              aria-selected={name === tab}
              aria-controls="run-tabpanel"
              tabIndex={name === tab ? 0 : -1}
              onClick={() => setTab(name)}
            >
              {name}
            </button>
          ))}
        </div>
        <button type="button" class="icon" aria-label="Close the output" onClick={props.onClose}>
          <Icon name="close" />
        </button>
      </header>
      <div class="run-body" id="run-tabpanel" role="tabpanel" aria-labelledby={`run-tab-${tab}`}>
        {tab === "Output" && <Output {...props} />}
        {tab === "Tests" && <TestsTab {...props} />}
        {tab === "History" && (
          <History runs={props.runs} running={running} onOpen={() => setTab("Output")} />
        )}
      </div>
    </section>
  )
}
