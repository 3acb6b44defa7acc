// The tests of the session: their table, the results, and the form of one test.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks"
import { words } from "../../../api"
import type { ProgramTest } from "../../../types"
import { Icon } from "../../../ui/icons"
import { Sure } from "../../../ui/sure"
import type { Running } from "../running"
import type { Runs } from "../runs"
import { TestForm } from "./form"
import { Results } from "./outcome"
import { fromReport, type Result } from "./results"
import type { Draft, Tests } from "./tests"

interface Props {
  tests: Tests
  runs: Runs
  running: Running
}

/** The results to show, either from this browser or from the newest run of somebody else. */
function shownResults({ tests, runs }: Props): { by: string; results: Result[] } | null {
  const own = tests.results.value
  const newest = runs.kept.history.value?.find((run) => run.tests.length > 0)
  const isNewer = newest !== undefined && newest.number > tests.ranAs.value
  if (own && (tests.running.value !== null || !isNewer || tests.ranAs.value === 0))
    return { by: "", results: own }
  return newest ? { by: newest.user.username, results: fromReport(newest.tests) } : null
}

/**
 * The id of the button that opens the form for a new test. The id of a test's button has the test's
 * id at its end.
 */
const EDIT = "edit-test"

/** When the form closes, focus the button that opened it. */
function useFormFocus(draft: Draft | null): void {
  const last = useRef<Draft | null>(null)
  useLayoutEffect(() => {
    const id = last.current?.test?.id
    if (last.current && !draft)
      document.getElementById(id === undefined ? EDIT : `${EDIT}-${id}`)?.focus()
    last.current = draft
  }, [draft])
}

/** A text of a test. A long text can be scrolled, also by keyboard. */
const Value = ({ text }: { text: string }) => (
  <pre tabIndex={text.length > 60 || text.split("\n").length > 4 ? 0 : undefined}>{text}</pre>
)

interface RowProps {
  test: ProgramTest
  isFirst: boolean
  isLast: boolean
  nameOf: (root: string) => string
  /** null if this user may not change tests */
  act: { edit: () => void; move: (by: -1 | 1) => void; remove: () => void } | null
}

function Row({ test, isFirst, isLast, nameOf, act }: RowProps) {
  const name = test.damaged ? "damaged" : test.name
  return (
    <tr>
      <th scope="row">
        <bdi>{name}</bdi>
        {test.isHidden && <span class="tag">hidden</span>}
        <small>
          <bdi>{nameOf(test.root)}</bdi>
        </small>
      </th>
      <td>
        <Value text={test.kind === "file" ? test.source : test.input} />
      </td>
      <td>
        <Value
          text={test.kind === "file" && !test.expected ? "all assertions hold" : test.expected}
        />
      </td>
      <td class="tests-acts">
        {act && (
          <>
            <button
              type="button"
              class="small"
              aria-label={`Move ${name} up`}
              disabled={isFirst}
              onClick={() => act.move(-1)}
            >
              ↑
            </button>
            <button
              type="button"
              class="small"
              aria-label={`Move ${name} down`}
              disabled={isLast}
              onClick={() => act.move(1)}
            >
              ↓
            </button>
            <button
              type="button"
              class="small"
              id={`${EDIT}-${test.id}`}
              aria-label={`Edit ${name}`}
              onClick={act.edit}
            >
              Edit
            </button>
            <Sure
              isSmall
              label="Delete"
              name={`Delete ${name}`}
              question="Delete?"
              onSure={act.remove}
            />
          </>
        )}
      </td>
    </tr>
  )
}

const EMPTY =
  "A test says what the program must print for an input, or has code with assertions. " +
  "Everybody in the session sees the tests and their results"

export function TestsTab(props: Props) {
  const { tests, runs, running } = props
  const [problem, setProblem] = useState("")
  const [hides, setHides] = useState(false)
  const tried = (action: Promise<unknown>) => {
    setProblem("")
    action.catch((error: unknown) => setProblem(words(error)))
  }
  useFormFocus(tests.draft.value)
  const failed = (error: unknown) => setProblem(words(error))
  useEffect(() => void tests.load().catch(failed), [tests])
  const epoch = runs.kept.epoch.value
  useEffect(() => void runs.kept.load().catch(failed), [runs, epoch])
  const list = tests.list.value
  const isStaff = tests.isStaff.value
  const draft = tests.draft.value
  const active = tests.running.value
  if (list === null) return problem ? <p role="alert">{problem}</p> : <p role="status">Reading…</p>
  if (draft)
    return (
      <TestForm
        draft={draft}
        isStaff={isStaff}
        files={running.places}
        languageOf={running.languageOf}
        save={(written) => tests.save(draft.test?.id ?? null, written)}
        onChange={(changed) => tests.keepDraft(changed)}
        onClose={() => tests.keepDraft(null)}
      />
    )
  const shown = list.filter((test) => !(hides && test.isHidden))
  const results = shownResults(props)
  return (
    <>
      <p class="tests-bar">
        {running.mayRun && list.length > 0 && (
          <button
            type="button"
            class="primary small"
            title="Run tests (Ctrl+Shift+Enter)"
            onClick={() => (active === null ? void tests.run(running.find) : tests.stop())}
          >
            <Icon name={active === null ? "run" : "stop"} size={16} />
            {active === null ? "Run tests" : "Stop"}
          </button>
        )}
        {running.mayEdit && (
          <button
            type="button"
            class="small"
            id={EDIT}
            onClick={() => tests.edit(null, running.root)}
          >
            Add test
          </button>
        )}
        {isStaff && list.some((test) => test.isHidden) && (
          <label class="check">
            <input
              type="checkbox"
              checked={!hides}
              onChange={(event) => setHides(!event.currentTarget.checked)}
            />
            Show hidden tests
          </label>
        )}
        {active !== null && <span role="status">Running {active}…</span>}
      </p>
      {problem && <p role="alert">{problem}</p>}
      {list.length === 0 && (
        <p>
          {EMPTY}
          {isStaff ? ", unless you hide a test." : "."}
        </p>
      )}
      {results && results.results.length > 0 && (
        <Results
          by={results.by}
          results={results.results.filter((result) => !(hides && result.isHidden))}
        />
      )}
      {shown.length > 0 && (
        <table class="tests-table" aria-label="Tests">
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">Input or assertions</th>
              <th scope="col">Expected output</th>
              <th scope="col">
                <span class="sr-only">Change</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((test, index) => (
              <Row
                key={test.id}
                test={test}
                isFirst={index === 0}
                isLast={index === shown.length - 1}
                nameOf={running.nameOf}
                act={
                  running.mayEdit
                    ? {
                        edit: () => tests.edit(test, running.root),
                        move: (by) => tried(tests.move(test.id, by, shown)),
                        remove: () => tried(tests.remove(test.id)),
                      }
                    : null
                }
              />
            ))}
          </tbody>
        </table>
      )}
    </>
  )
}
