// A session's versions, newest first, loaded page by page.
import { useCallback, useEffect, useState } from "preact/hooks"
import { get, words } from "../api"
import type { Session, Version } from "../types"

interface Listed {
  versions: Version[]
  next: string | null
}

function extend(old: Listed | null, page: Listed, before: string | undefined): Listed {
  if (!before || !old) return page
  // the same page may arrive twice, but is added only once
  return old.next === before ? { ...page, versions: [...old.versions, ...page.versions] } : old
}

/** `current` is the number of the shown version, or 0. */
export function useVersions(id: string) {
  const [session, setSession] = useState<Session | null>(null)
  const [listed, setListed] = useState<Listed | null>(null)
  const [current, choose] = useState(0)
  const [problem, setProblem] = useState("")
  const load = useCallback(
    async (before?: string) => {
      setProblem("")
      try {
        setSession(await get<Session>(`/session/${id}`))
        const from = before ? `&before=${before}` : ""
        const page = await get<Listed>(`/code/${id}/versions?fields=meta&limit=100${from}`)
        setListed((old) => extend(old, page, before))
        // begin with the newest version; later the choice stays, also when newer versions come
        choose((old) => (old > 0 ? old : (page.versions[0]?.version ?? 0)))
      } catch (error) {
        setProblem(words(error))
      }
    },
    [id],
  )
  useEffect(() => void load(), [load])
  return { session, listed, current, choose, problem, load }
}
