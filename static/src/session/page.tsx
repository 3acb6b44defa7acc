import { me } from "../account"
import { Problem } from "../ui/problem"
import { Page } from "../ui/shell"
import { useSession } from "./live/hooks"
import { Workspace } from "./workspace"

export default function SessionPage({ id }: { id: string }) {
  const user = me.value
  const state = useSession(id, user?.id ?? "")
  const session = state.session.value
  if (state.problem.value)
    return (
      <Page title="Session" narrow>
        <h1>This session cannot be opened</h1>
        {state.isUnknown.value ? (
          <p role="alert">{state.problem.value}</p>
        ) : (
          <Problem text={state.problem.value} onAgain={() => void state.open()} />
        )}
        <p>
          <a href="/">Back to your sessions</a>
        </p>
      </Page>
    )
  if (!session || !user)
    return (
      <p class="boot" role="status">
        Opening the session…
      </p>
    )
  return <Workspace state={state} session={session} myId={user.id} />
}
