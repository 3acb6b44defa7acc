// A session's versions, newest first, read page by page.
import { useCallback, useEffect, useState } from "preact/hooks"
import { get, words } from "../api"
import type { Session, Version } from "../types"

interface Listed {
  versions: Version[]
  next: string | null
}

function extend(old: Listed | null, page: Listed, before: string | undefined): Listed {
  if (!before || !old) return page
  // a page that was requested twice is added only once
  return old.next === before ? { ...page, versions: [...old.versions, ...page.versions] } : old
}

/** `current` is the version that is shown, 0 for none. */
export function useVersions(id: string) {
  const [session, setSession] = useState<Session | null>(null)
  const [listed, setListed] = useState<Listed | null>(null)
  const [current, choose] = useState(0)
  const [problem, setProblem] = useState("")
  const load = useCallback(
    async (before?: string) => {
      try {
        setSession(await get<Session>(`/session/${id}`))
        const from = before ? `&before=${before}` : ""
        const page = await get<Listed>(`/code/${id}/versions?fields=meta&limit=100${from}`)
        setListed((old) => extend(old, page, before))
        // the newest one to begin with; after that the choice stays, also when newer ones come
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
