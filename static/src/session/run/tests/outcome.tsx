// The results of tests as a table, and the difference of a failing one.
import { unifiedMergeView } from "@codemirror/merge"
import { EditorState } from "@codemirror/state"
import { EditorView } from "@codemirror/view"
import { useEffect, useRef, useState } from "preact/hooks"
import { readOnly } from "../../editor/setup"
import { type Result, summaryOf } from "./results"
import { duration } from "../words"

interface DifferenceProps {
  name: string
  expected: string
  actual: string
}

/**
 * The output of a program, with its differences from the expected output. They look like
 * differences of versions.
 */
function Difference({ name, expected, actual }: DifferenceProps) {
  const parent = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (!parent.current) return
    const extensions = [
      readOnly(`${name}: expected and printed`),
      unifiedMergeView({ original: expected, mergeControls: false }),
    ]
    const state = EditorState.create({ doc: actual, extensions })
    const view = new EditorView({ state, parent: parent.current })
    return () => view.destroy()
  }, [name, expected, actual])
  return (
    <>
      <p class="run-claim">Red lines were expected. Green lines were printed.</p>
      <div ref={parent} data-testid="difference" />
    </>
  )
}

function Failure({ result }: { result: Result }) {
  const { name, expected, actual, message } = result
  // Each difference has an editor. There may be a hundred, so each is made only when it is opened.
  const [isOpen, setIsOpen] = useState(false)
  return (
    <details onToggle={(event) => setIsOpen(event.currentTarget.open)}>
      <summary>{`Why ${name} failed`}</summary>
      {message && <pre class="run-text run-error">{message}</pre>}
      {expected !== undefined && actual !== undefined
        ? isOpen && <Difference name={name} expected={expected} actual={actual} />
        : actual && <pre class="run-text">{actual}</pre>}
    </details>
  )
}

interface Props {
  /** the name of the user who ran the tests; "" for this browser */
  by: string
  results: readonly Result[]
}

const WORDS = { passed: "passed", failed: "failed", timeout: "took too long" } as const

function Row({ result, isTimed }: { result: Result; isTimed: boolean }) {
  const { name, isHidden, status, ms } = result
  const isGood = status === "passed"
  return (
    <tr>
      <th scope="row">
        <bdi>{name}</bdi>
        {isHidden && <span class="tag">hidden</span>}
        {!isGood && <Failure result={result} />}
      </th>
      <td class={isGood ? "run-good" : "run-bad"}>{WORDS[status]}</td>
      {isTimed && <td class="tests-time">{ms === null ? "" : duration(ms)}</td>}
    </tr>
  )
}

export function Results({ by, results }: Props) {
  // the server does not keep the time of each test
  const isTimed = results.some(({ ms }) => ms !== null)
  return (
    <section aria-label="Results of tests">
      <p class="run-end" role="status">
        <strong>{summaryOf(results)}.</strong>{" "}
        <span class="run-claim">As {by ? `the browser of ${by}` : "your browser"} reports it.</span>
      </p>
      <table class="tests-table" aria-label="Results">
        <thead>
          <tr>
            <th scope="col">Test</th>
            <th scope="col">Result</th>
            {isTimed && <th scope="col">Time</th>}
          </tr>
        </thead>
        <tbody>
          {results.map((result, index) => (
            <Row key={index} result={result} isTimed={isTimed} />
          ))}
        </tbody>
      </table>
    </section>
  )
}
