// The middle of a session's page: the tabs of the open files, and the shown file below them.
import type { ComponentChildren } from "preact"
import { useEffect, useLayoutEffect, useRef } from "preact/hooks"
import { MAIN_ROOT, textOf } from "../lib/files"
import type { Session } from "../types"
import { LiveDocument } from "./document"
import { Editor } from "./editor/editor"
import { ReadOnlyText } from "./editor/reading"
import { createFile, whyNotNew } from "./files/acts"
import type { SessionFile } from "./files/table"
import type { LiveSession } from "./live/live"
import { Tabs } from "./tabs"
import type { View } from "./view"

interface Props {
  session: Session
  live: LiveSession
  view: View
  canWrite: boolean
}

/** What is shown instead of a file that somebody has deleted. */
function Deleted({ file, live, view, canWrite }: Props & { file: SessionFile }) {
  return (
    <div class="no-file" role="status">
      <p>
        <bdi>{file.name}</bdi> was deleted.{" "}
        {canWrite ? "Its text is still there." : "An editor of this session can bring it back."}
      </p>
      {canWrite && (
        <button
          type="button"
          class="primary"
          onClick={() => {
            live.collab.places.enter(file.root)
            live.changes.bringBack([file.root])
          }}
        >
          Bring back
        </button>
      )}
      <button type="button" onClick={() => view.closeTab(file.root)}>
        Close
      </button>
    </div>
  )
}

function NoFile({ view }: Props) {
  useLayoutEffect(() => {
    // the focus was in a tab or a text that is now closed
    if (document.activeElement === document.body) document.getElementById("editor")?.focus()
  }, [])
  return (
    <div class="no-file">
      <p>No file is open.</p>
      {!view.showsFiles && (
        <button type="button" onClick={view.toggleFiles}>
          Show the files
        </button>
      )}
    </div>
  )
}

function Shown(props: Props & { file: SessionFile | undefined }) {
  const { file, session, live, view, canWrite } = props
  const isReady = live.collab.ready.value
  const preview = live.preview.value
  if (!isReady && !preview)
    return (
      <p class="boot" role="status">
        Opening the document…
      </p>
    )
  if (!file) return <NoFile {...props} />
  if (file.isDeleted) return <Deleted {...props} file={file} />
  if (!file.isText) return <LiveDocument live={live} root={file.root} name={file.name} />
  const { root, name } = file
  if (isReady)
    return (
      <Editor
        collab={live.collab}
        sessionId={session.id}
        root={root}
        name={name}
        language={session.language}
        canWrite={canWrite}
        blames={view.blames}
        follows={view.follows}
        onFollow={view.follow}
      />
    )
  return (
    <ReadOnlyText
      text={textOf(preview?.files ?? {}, root)}
      name={name}
      language={session.language}
      label={name}
      testId="preview"
    />
  )
}

/** A page begins with the main file. If that file is deleted, show another one at first. */
function useFirstFile({ live, view }: Props): void {
  const isDone = useRef(false)
  const isReady = live.collab.ready.value
  const files = live.files.value
  const { root, select, closeTab } = view
  useEffect(() => {
    if (!isReady || isDone.current) return
    isDone.current = true
    const isGone = files.some((file) => file.root === MAIN_ROOT && file.isDeleted)
    const first = files.find((file) => file.isText && !file.isDeleted)
    if (root !== MAIN_ROOT || !isGone || !first) return
    select(first.root)
    closeTab(MAIN_ROOT)
  }, [isReady, files, root, select, closeTab])
}

/** below: the elements under the file, such as the output of programs */
export function FileArea({ below, ...props }: Props & { below: ComponentChildren }) {
  const { live, view, canWrite } = props
  useFirstFile(props)
  const files = live.files.value
  const file = files.find(({ root }) => root === view.root)
  const isReady = live.collab.ready.value
  const open = view.tabs.flatMap((root) => files.filter((file) => file.root === root))
  return (
    <main id="editor" class="editor-area" tabIndex={-1}>
      <Tabs
        files={open}
        current={view.root}
        canWrite={canWrite && isReady}
        isAdding={canWrite && isReady && view.naming?.what === "tab"}
        showsFiles={view.showsFiles}
        whyNot={(name) => whyNotNew(live, name)}
        onSelect={view.choose}
        onClose={view.closeTab}
        onAdding={(is) => view.startNaming(is ? { what: "tab" } : null)}
        onAdd={(name) => createFile(live, view, name)}
        onFiles={view.toggleFiles}
      />
      <Shown {...props} file={file} />
      {below}
    </main>
  )
}
