// The first steps in a new session. Its owner sees them until somebody joins or writes a message.
import { useState } from "preact/hooks"
import { words } from "../../api"
import { showsStart } from "../../settings"
import type { Session } from "../../types"
import { tell } from "../../ui/announce"
import { copy } from "../../ui/copy"
import { Icon } from "../../ui/icons"
import { LanguageSelect } from "../language"
import type { SessionState } from "../live/state"
import { linkToGive } from "../share/links"

/** Whether the owner is the only member, and the session has not ended. */
export const isNew = (session: Session) =>
  session.role === "owner" && session.status === "open" && session.memberCount === 1

interface Props {
  session: Session
  state: SessionState
}

function CopyLink({ session }: { session: Session }) {
  const [url, setUrl] = useState("")
  const [isBusy, setIsBusy] = useState(false)
  const act = async () => {
    if (isBusy) return
    setIsBusy(true)
    try {
      const link = await linkToGive(session.id, session.joinRole)
      setUrl(link.url)
      await copy(link.url, "link")
    } catch (error) {
      tell(words(error))
    }
    setIsBusy(false)
  }
  return (
    <>
      <button type="button" class="primary" aria-disabled={isBusy} onClick={() => void act()}>
        <Icon name="share" size={16} />
        Copy invite link
      </button>
      {url && (
        <input
          readOnly
          aria-label="Invite link"
          value={url}
          onFocus={(event) => event.currentTarget.select()}
        />
      )}
    </>
  )
}

const focusText = () => document.querySelector<HTMLElement>("#editor .cm-content")?.focus()

export function Start({ session, state }: Props) {
  return (
    <div class="start">
      <h3>Ready in three steps</h3>
      <ol>
        <li>
          <p>Send this link to the people you want here. They need no account.</p>
          <CopyLink session={session} />
        </li>
        <li>
          <p>Choose a language.</p>
          <LanguageSelect label="Language of this session" {...{ session, state }} />
        </li>
        <li>
          <p>Paste the problem, or start to type.</p>
          <button type="button" onClick={focusText}>
            Go to the text
          </button>
        </li>
      </ol>
      <button type="button" class="link" onClick={() => (showsStart.value = false)}>
        Do not show this again
      </button>
    </div>
  )
}
