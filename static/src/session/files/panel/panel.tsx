// The list of the session's files at the left of the text: a tree, and what was deleted.
import { useFocusBack } from "../../panels/focus"
import { Icon } from "../../../ui/icons"
import type { Session } from "../../../types"
import type { LiveSession } from "../../live/live"
import type { View } from "../../view"
import { createFile, openFile, whyNotNew } from "../acts"
import { NameField } from "../field"
import type { SessionFile } from "../table"
import { droppedOf, type Picked } from "../uploads"
import { Tree } from "./tree"
import { UploadButton, UploadReport, useUpload } from "./upload"

interface Props {
  session: Session
  live: LiveSession
  view: View
  canWrite: boolean
}

interface HeadProps extends Props {
  canAdd: boolean
  /** whether files can have a table; only then can files be uploaded */
  canChange: boolean
  onPick: (picked: Picked[]) => void
}

function Head({ session, view, canAdd, canChange, onPick }: HeadProps) {
  return (
    <header class="side-head files-head">
      <h2>Files</h2>
      {canAdd && (
        <button
          type="button"
          class="icon"
          aria-label="New file"
          title="New file"
          onClick={() => view.startNaming({ what: "new", folder: "" })}
        >
          <Icon name="plus" />
        </button>
      )}
      {canChange && <UploadButton onPick={onPick} />}
      <a
        class="button icon"
        href={`/code/${session.id}/export`}
        download
        aria-label="Download all files"
        title="Download all files"
      >
        <Icon name="export" />
      </a>
      <button type="button" class="icon" aria-label="Close the files" onClick={view.toggleFiles}>
        <Icon name="close" />
      </button>
    </header>
  )
}

function DeletedFiles({ files, live, view }: Props & { files: SessionFile[] }) {
  if (files.length === 0) return null
  return (
    <details class="deleted-files">
      <summary>Deleted files ({files.length})</summary>
      <ul class="plain">
        {files.map(({ root, name }) => (
          <li key={root}>
            <bdi>{name}</bdi>
            <button
              type="button"
              class="small"
              aria-label={`Bring back ${name}`}
              onClick={() => {
                live.changes.bringBack([root])
                openFile(live, view, root)
              }}
            >
              Bring back
            </button>
          </li>
        ))}
      </ul>
    </details>
  )
}

export default function FilePanel(props: Props) {
  const { live, view, canWrite } = props
  const side = useFocusBack()
  const upload = useUpload(live, view)
  const files = live.files.value
  const canAdd = canWrite && live.collab.ready.value
  const canChange = canAdd && live.changes.canChange()
  const shown = files.filter((file) => !file.isDeleted)
  const folder = view.naming?.what === "new" ? view.naming.folder : null
  const pressed = (event: KeyboardEvent) => {
    // a field or a menu in the panel handles this key itself
    if (event.key !== "Escape" || event.isComposing || event.defaultPrevented) return
    if (!view.isSheet) return
    event.preventDefault()
    view.toggleFiles()
  }
  return (
    <aside class="files" aria-label="Files" ref={side} onKeyDown={pressed}>
      <Head
        {...props}
        canAdd={canAdd}
        canChange={canChange}
        onPick={(picked) => upload.take(picked, "")}
      />
      {upload.report && <UploadReport report={upload.report} onClose={upload.close} />}
      {folder !== null && (
        <div class="new-file">
          <NameField
            key={folder}
            label="Name of the new file"
            value={folder && `${folder}/`}
            why={(name) => whyNotNew(live, name)}
            onName={(name) => createFile(live, view, name)}
            onCancel={() => view.startNaming(null)}
          />
        </div>
      )}
      <Tree
        live={live}
        view={view}
        canChange={canChange}
        files={shown}
        onUpload={(data, folder) => upload.take(droppedOf(data), folder)}
      />
      {shown.length === 0 && <p class="quiet">There are no files.</p>}
      {canChange && <DeletedFiles {...props} files={files.filter((file) => file.isDeleted)} />}
    </aside>
  )
}
