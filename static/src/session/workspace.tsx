// The page of an open session, made from its parts.
import { Suspense } from "preact/compat"
import { useEffect } from "preact/hooks"
import { fileName, MAIN_ROOT, textOf } from "../lib/files"
import { suffixOf } from "../lib/languages"
import { go } from "../router"
import type { Session } from "../types"
import { lazily } from "../ui/boundary"
import { useTitle } from "../ui/shell"
import { Banners } from "./banners"
import { allActions } from "./actions"
import { LiveDocument } from "./document"
import { Bar } from "./bar"
import { Editor } from "./editor/editor"
import { ReadOnlyText } from "./editor/reading"
import { useLiveSession } from "./live/hooks"
import type { LiveSession } from "./live/live"
import { DeleteDialog } from "./dialogs/delete"
import { EndDialog } from "./dialogs/end"
import { Exports } from "./dialogs/exports"
import { SaveDialog } from "./dialogs/save"
import { Settings } from "./dialogs/settings"
import { Shortcuts } from "./dialogs/shortcuts"
import { SidePanel } from "./panels/side"
import type { SessionState } from "./live/state"
import { isFinal } from "./live/trouble"
import { Tabs } from "./tabs"
import { useShortcuts } from "./shortcuts"
import { useView, type View } from "./view"

const Palette = lazily(() => import("./palette"))
const ShareDialog = lazily(() => import("./share/dialog"))

/**
 * Show the file of the followed person, also if this page learns of the file later than of the
 * person.
 */
function useFollowedFile(live: LiveSession, view: View): void {
  const { people, roots, others } = live.collab
  const root = people.value.find((one) => one.clientId === view.follows)?.root
  const isKnown = root !== undefined && [...roots.value, ...others.value].includes(root)
  const { select } = view
  useEffect(() => {
    if (isKnown) select(root)
  }, [root, isKnown, select])
}

interface Props {
  state: SessionState
  session: Session
  myId: string
}

interface Parts {
  session: Session
  live: LiveSession
  view: View
  canWrite: boolean
  myId: string
  onChanged: () => void
}

function Files({ session, live, view, canWrite }: Parts) {
  const { collab } = live
  const { root, blames, follows } = view
  const suffix = suffixOf(session.language)
  const name = fileName(root, suffix)
  const isReady = collab.ready.value
  const preview = live.preview.value
  const roots = isReady
    ? collab.roots.value
    : [...new Set([MAIN_ROOT, ...Object.keys(preview?.files ?? {})])]
  const others = isReady ? collab.others.value : Object.keys(preview?.documents ?? {})
  const isOther = others.includes(root)
  const add = (name: string) => {
    // if a map or list has that name, show it, because a text of that name would be the same root
    if (!others.includes(name)) collab.addRoots([name])
    collab.places.enter(name)
    view.choose(name)
  }
  return (
    <main id="editor" class="editor-area" tabIndex={-1}>
      <Tabs
        roots={roots}
        others={others}
        current={root}
        suffix={suffix}
        canWrite={canWrite && isReady}
        onSelect={view.choose}
        onAdd={add}
      />
      {isOther && <LiveDocument live={live} root={root} />}
      {isReady && !isOther && (
        <Editor
          collab={collab}
          sessionId={session.id}
          root={root}
          name={name}
          language={session.language}
          canWrite={canWrite}
          blames={blames}
          follows={follows}
          onFollow={view.follow}
        />
      )}
      {!isReady && !isOther && preview && (
        <ReadOnlyText
          text={textOf(preview.files, root)}
          name={name}
          language={session.language}
          label={name}
          testId="preview"
        />
      )}
      {!isReady && !preview && (
        <p class="boot" role="status">
          Opening the document…
        </p>
      )}
    </main>
  )
}

function Dialogs(parts: Parts) {
  const { session, view, onChanged } = parts
  switch (view.dialog) {
    case "palette":
      return (
        <Suspense fallback={null}>
          <Palette actions={allActions(parts)} onClose={view.close} />
        </Suspense>
      )
    case "share":
      return (
        <Suspense fallback={null}>
          <ShareDialog session={session} onClose={view.close} />
        </Suspense>
      )
    case "settings":
      return (
        <Settings
          session={session}
          onClose={view.close}
          onChanged={onChanged}
          onDelete={() => view.open("delete")}
        />
      )
    case "export":
      return <Exports session={session} onClose={view.close} />
    case "end":
      return <EndDialog session={session} onClose={view.close} onChanged={onChanged} />
    case "delete":
      return (
        <DeleteDialog
          session={session}
          onClose={view.close}
          onDeleted={() => go("/")}
          onFailed={onChanged}
        />
      )
    case "save":
      return <SaveDialog sessionId={session.id} onClose={view.close} />
    case "keys":
      return <Shortcuts onClose={view.close} />
    default:
      return null
  }
}

export function Workspace({ state, session, myId }: Props) {
  const live = useLiveSession(state, myId)
  const { collab } = live
  const isOut = isFinal(collab.trouble.value) || collab.bringing.value === "busy"
  const canWrite = session.role !== "viewer" && session.status === "open" && !isOut
  const view = useView(canWrite)
  const unread = live.log.unread.value
  useTitle(unread > 0 ? `(${unread}) ${session.title}` : session.title)
  useShortcuts(view, collab.roots.value, session.id)
  useFollowedFile(live, view)
  const followed = collab.people.value.find((one) => one.clientId === view.follows)
  const parts: Parts = {
    session,
    live,
    view,
    canWrite,
    myId,
    onChanged: () => void state.reload(),
  }
  return (
    <div class="workspace">
      <a class="skip" href="#editor">
        Skip to the editor
      </a>
      <Bar {...parts} />
      <Banners {...parts} followed={followed} />
      <div class="columns-area">
        <Files {...parts} />
        {view.side && <SidePanel {...parts} />}
      </div>
      <Dialogs {...parts} />
    </div>
  )
}
