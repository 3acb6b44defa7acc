// Hooks for a session's state and connection, which last as long as its page is shown.
import { useEffect, useMemo } from "preact/hooks"
import { LiveSession } from "./live"
import { SessionState } from "./state"

export function useSession(id: string, myId: string): SessionState {
  const state = useMemo(() => new SessionState(id, myId), [id, myId])
  useEffect(() => void state.open(), [state])
  return state
}

export function useLiveSession(state: SessionState, myId: string): LiveSession {
  const live = useMemo(() => new LiveSession(state, myId), [state, myId])
  useEffect(() => () => live.destroy(), [live])
  return live
}
