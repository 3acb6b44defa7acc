// The open dialog of a session's page. The page loads this part when its first dialog opens.
import { Suspense } from "preact/compat"
import { go } from "../../router"
import { lazily } from "../../ui/boundary"
import { allActions } from "../actions"
import { DeleteDialog } from "./delete"
import { EndDialog } from "./end"
import { Exports } from "./exports"
import { SaveDialog } from "./save"
import { Settings } from "./settings"
import { Shortcuts } from "./shortcuts"
import type { Parts } from "../parts"

const Palette = lazily(() => import("../palette"))
const ShareDialog = lazily(() => import("../share/dialog"))

export default function Dialogs(props: Parts) {
  const { session, view, onChanged } = props
  switch (view.dialog) {
    case "palette":
      return (
        <Suspense fallback={null}>
          <Palette actions={allActions(props)} onClose={view.close} />
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
