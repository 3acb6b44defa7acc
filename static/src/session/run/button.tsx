// The button that runs the open file, and stops what runs. It stands in the bar, and on a phone at
// the foot of the screen.
import { Icon } from "../../ui/icons"
import type { Running } from "./running"
import type { Runs } from "./runs"

interface Props {
  runs: Runs
  /** whether this is the button at the foot of a phone's screen */
  isAtFoot?: boolean
  running: Running
}

export function RunButton({ runs, isAtFoot, running }: Props) {
  const isIdle = runs.phase.value === "idle"
  // a running program can be stopped, even if the open file cannot run
  if (isIdle && !running.mayRun) return null
  return (
    <button
      type="button"
      class={isAtFoot ? "run-button run-at-foot" : "run-button run-in-bar"}
      title={isIdle ? `Run ${running.name} (Ctrl+Enter)` : "Stop the program"}
      onClick={() => (isIdle ? running.start() : runs.stop())}
    >
      <Icon name={isIdle ? "run" : "stop"} size={16} />
      <span>{isIdle ? "Run" : "Stop"}</span>
    </button>
  )
}
