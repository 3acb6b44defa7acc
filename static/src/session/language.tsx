// The choice of a session's language.
import { words } from "../api"
import { languageChoices } from "../lib/languages"
import type { Session } from "../types"
import { tell } from "../ui/announce"
import type { SessionState } from "./live/state"

interface Props {
  label: string
  session: Session
  state: SessionState
}

/** The language of a session, which its owner can change for everybody. */
export function LanguageSelect({ label, session, state }: Props) {
  const change = (language: string) =>
    state.setLanguage(language).catch((error: unknown) => tell(words(error)))
  return (
    <select
      class="language"
      aria-label={label}
      value={session.language}
      disabled={session.role !== "owner"}
      onChange={(event) => void change(event.currentTarget.value)}
    >
      {languageChoices(session.language).map(([id, name]) => (
        <option key={id} value={id}>
          {name}
        </option>
      ))}
    </select>
  )
}
