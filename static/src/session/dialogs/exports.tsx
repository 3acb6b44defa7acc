// Downloads of a session.
import { go } from "../../router"
import type { Session } from "../../types"
import { Dialog } from "../../ui/dialog"

/** The formats of an export: the API's value, a name, and a text about it. */
const FORMATS: [string, string, string][] = [
  ["", "Zip file", "all files, versions and the chat"],
  ["replay", "Replay", "one page that plays the session, without this server"],
  ["git", "Git bundle", "each version is a commit: git clone reads it"],
]

export function Exports({ session, onClose }: { session: Session; onClose: () => void }) {
  return (
    <Dialog title="Export" onClose={onClose}>
      <ul class="plain">
        {FORMATS.map(([format, name, about]) => (
          <li key={format}>
            <a href={`/code/${session.id}/export${format && `?format=${format}`}`} download>
              {name}
            </a>
            : {about}
          </li>
        ))}
      </ul>
      <p>
        <button type="button" class="link" onClick={() => go(`/developers?session=${session.id}`)}>
          Connect an editor of your own
        </button>
      </p>
    </Dialog>
  )
}
