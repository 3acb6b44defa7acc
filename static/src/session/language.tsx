import { patch, words } from "../api"
import { languageChoices } from "../lib/languages"
import type { Session } from "../types"
import { tell } from "../ui/announce"

interface Props {
  label: string
  session: Session
  onChanged: () => void
}

/** The language of a session, which its owner can change for everybody. */
export function LanguageSelect({ label, session, onChanged }: Props) {
  const change = (language: string) =>
    patch(`/session/${session.id}`, { language }).then(onChanged, (error: unknown) =>
      tell(words(error)),
    )
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
