// The newest run of the code at the moment that a replay shows.
import { useEffect, useState } from "preact/hooks"
import { get } from "../api"
import { OutputText } from "../session/run/text"
import { aboutRun, piecesOf } from "../session/run/words"
import type { Run } from "../types"
import { cancellable } from "../ui/cancellable"
import type { Mark } from "./timeline"

/** The number of the newest run at a log position, or before it; null if there is none. */
export function runAt(marks: readonly Mark[], sequence: number): number | null {
  return marks.findLast((mark) => mark.run !== undefined && mark.sequence <= sequence)?.run ?? null
}

const nowhere = () => undefined

interface Props {
  /** the session's id */
  id: string
  marks: readonly Mark[]
  /** the log position of the shown moment */
  sequence: number
}

export function RunOutput({ id, marks, sequence }: Props) {
  const number = runAt(marks, sequence)
  const [known, setKnown] = useState<ReadonlyMap<number, Run>>(new Map())
  const run = number === null ? undefined : known.get(number)
  const isMissing = number !== null && run === undefined
  useEffect(() => {
    if (!isMissing) return
    const read = get<{ run: Run }>(`/session/${id}/runs/${number}`)
    const keep = (answer: { run: Run }) =>
      setKnown((before) => new Map(before).set(answer.run.number, answer.run))
    // a newer run may have replaced it in the store; the replay is useful without it
    return cancellable(read, keep, nowhere)
  }, [id, number, isMissing])
  if (!run) return null
  const isGood = run.outcome === "done"
  const { what, end } = aboutRun(run)
  return (
    <section class="replay-run" aria-label="Output at this moment" tabIndex={0}>
      <p>
        <bdi>{run.user.username}</bdi> ran <bdi>{what}</bdi>.{" "}
        <strong class={isGood ? "run-good" : "run-bad"}>{end}.</strong>{" "}
        <span class="run-claim">As that person’s browser reported it.</span>
      </p>
      <OutputText pieces={piecesOf(run)} files={[]} onPlace={nowhere} />
    </section>
  )
}
