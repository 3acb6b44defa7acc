// What of a session can be downloaded.
import { go } from "../../router"
import type { Session } from "../../types"

/** The forms of an export, as the API names them, and what each is for. */
const FORMATS: [string, string, string][] = [
  ["", "Zip file", "all files, versions and the chat"],
  ["replay", "Replay", "one page that plays the session, without this server"],
  ["git", "Git bundle", "each version is a commit: git clone reads it"],
]

export function Exports({ session }: { session: Session }) {
  return (
    <>
      <h3>Export</h3>
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
    </>
  )
}
