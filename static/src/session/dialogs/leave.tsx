// The dialog to leave a session. Every member except the owner may leave.
import { me } from "../../account"
import { post, words } from "../../api"
import { go } from "../../router"
import type { Session } from "../../types"
import { tell } from "../../ui/announce"
import { Sure } from "../../ui/sure"
import { forgetCopies } from "../live/kept"

export function Leave({ session }: { session: Session }) {
  // a guest has no other session, and could not return without an invite
  if (me.value?.guest) return null
  const leave = async () => {
    try {
      await post(`/session/${session.id}/leave`)
    } catch (error) {
      tell(words(error))
      return
    }
    void forgetCopies(session.id)
    tell("You have left the session")
    go("/")
  }
  return (
    <>
      <h3>Leave</h3>
      <p class="hint">The session leaves your list. What you wrote stays in the session.</p>
      <p class="actions">
        <Sure label="Leave the session" question="Really leave" onSure={() => void leave()} />
      </p>
    </>
  )
}
