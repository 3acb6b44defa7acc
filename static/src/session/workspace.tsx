// The page of an open session, made from its parts.
import { Suspense } from "preact/compat"
import { useEffect } from "preact/hooks"
import type { Session } from "../types"
import { lazily } from "../ui/boundary"
import { sizes } from "../settings"
import { bounded, Divider } from "../ui/divider"
import { useTitle } from "../ui/shell"
import { Banners } from "./banners"
import { FileArea } from "./area"
import { Bar } from "./bar"
import { useLiveSession } from "./live/hooks"
import type { LiveSession } from "./live/live"
import { SidePanel } from "./panels/side"
import type { SessionState } from "./live/state"
import { useRunning } from "./run/running"
import { isFinal } from "./live/trouble"
import { useShortcuts } from "./shortcuts"
import { useView, type View } from "./view"
import type { Parts } from "./parts"

const Dialogs = lazily(() => import("./dialogs/dialogs"))
const FilePanel = lazily(() => import("./files/panel/panel"))
const RunPanel = lazily(() => import("./run/panel"))

/** The sizes of the panels, for the style sheets. */
const panelSizes = () => ({
  "--files-width": `${bounded(sizes.files, sizes.files.px.value)}px`,
  "--side-width": `${bounded(sizes.side, sizes.side.px.value)}px`,
  "--output-height": `${bounded(sizes.output, sizes.output.px.value)}px`,
})

/** Show the file in which the followed person is, or wait until this page knows that file. */
function useFollowedFile(live: LiveSession, view: View): void {
  const root = live.collab.people.value.find((person) => person.clientId === view.follows)?.root
  const isKnown = live.files.value.some((file) => file.root === root && !file.isDeleted)
  const { select } = view
  useEffect(() => {
    if (isKnown && root !== undefined) select(root)
  }, [root, isKnown, select])
}

interface Props {
  state: SessionState
  session: Session
  myId: string
}

function Output({ live, view, running }: Parts) {
  return (
    <>
      <Divider label="Height of the output" size={sizes.output} of="below" />
      <Suspense fallback={null}>
        <RunPanel
          runs={live.runs}
          tests={live.tests}
          people={live.collab.people.value}
          running={running}
          onClose={() => view.showOutput(false)}
        />
      </Suspense>
    </>
  )
}

export function Workspace({ state, session, myId }: Props) {
  const live = useLiveSession(state, myId)
  const { collab } = live
  const isOut = isFinal(collab.trouble.value) || collab.bringing.value === "busy"
  const canWrite = session.role !== "viewer" && session.status === "open" && !isOut
  const view = useView(session.id, canWrite)
  const unread = live.log.unread.value
  useTitle(unread > 0 ? `(${unread}) ${session.title}` : session.title)
  const running = useRunning(session, live, view, canWrite)
  const runTests = () => {
    if (!running.mayRun) return
    view.showOutput(true)
    void live.tests.runAll(running.find)
  }
  useShortcuts(view, live, session.id, { run: running.start, runTests })
  useFollowedFile(live, view)
  const followed = collab.people.value.find((person) => person.clientId === view.follows)
  const parts: Parts = {
    session,
    live,
    view,
    canWrite,
    myId,
    running,
    onChanged: () => void state.reload(),
  }
  return (
    <div class="workspace" style={panelSizes()}>
      <a class="skip" href="#editor">
        Skip to the editor
      </a>
      <Bar {...parts} />
      <Banners {...parts} followed={followed} />
      <div class="columns-area">
        {view.showsFiles && (
          <>
            <Suspense fallback={<div class="files" />}>
              <FilePanel {...parts} />
            </Suspense>
            <Divider label="Width of the files" size={sizes.files} of="left" />
          </>
        )}
        <FileArea {...parts} below={view.output && <Output {...parts} />} />
        {view.side && (
          <>
            <Divider label="Width of the panel" size={sizes.side} of="right" />
            <SidePanel {...parts} />
          </>
        )}
      </div>
      {view.dialog && (
        <Suspense fallback={null}>
          <Dialogs {...parts} />
        </Suspense>
      )}
    </div>
  )
}
