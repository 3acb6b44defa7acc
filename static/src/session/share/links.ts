// The invite links of a session, for its owner: the active links, and the link to give to people
// now.
import { useCallback, useEffect, useState } from "preact/hooks"
import { del, get, post, words } from "../../api"
import { forgetLink, keepLink, linkOf } from "../../lib/links"
import type { Invite, ListedInvite, Session } from "../../types"

/** A link with its address, which this browser knows. */
export interface KnownLink {
  invite: Invite
  url: string
}

interface Asked {
  role?: string
  expiresIn?: number
  maxUses?: number
}

async function listActive(sessionId: string): Promise<ListedInvite[]> {
  const { items } = await get<{ items: ListedInvite[] }>(`/session/${sessionId}/invites?limit=200`)
  for (const link of items) if (!link.usable) forgetLink(link.id)
  return items.filter((link) => link.usable)
}

async function create(sessionId: string, asked: Asked): Promise<KnownLink> {
  const invite = await post<Invite>(`/session/${sessionId}/invites`, asked)
  const url = invite.url ?? ""
  keepLink(invite.id, url)
  return { invite, url }
}

/** The newest link that this browser knows and that lets anyone in, in the session's usual role. */
function usual(active: ListedInvite[], role: string): KnownLink | undefined {
  const known = active.flatMap((invite) => {
    const url = linkOf(invite.id)
    return url === null ? [] : [{ invite, url }]
  })
  return known.find(({ invite }) => invite.role === role && invite.maxUses === null)
}

/** The link to give to people: one that this browser made before, or a new one. */
export async function linkToGive(sessionId: string, role: string): Promise<KnownLink> {
  return usual(await listActive(sessionId), role) ?? (await create(sessionId, { role }))
}

export interface Links {
  /** the link to give now; null if there is none */
  shown: KnownLink | null
  isMaking: boolean
  active: ListedInvite[]
  /** why there is no link to give */
  problem: string
  show: (link: KnownLink) => void
  make: (asked: Asked) => Promise<KnownLink>
  revoke: (invite: Invite) => Promise<void>
}

export function useLinks({ id, joinRole }: Session): Links {
  const [shown, show] = useState<KnownLink | null>(null)
  const [isMaking, setIsMaking] = useState(true)
  const [active, setActive] = useState<ListedInvite[]>([])
  const [problem, setProblem] = useState("")
  const load = useCallback(async () => setActive(await listActive(id)), [id])
  useEffect(() => {
    const begin = async () => {
      try {
        show(await linkToGive(id, joinRole))
      } finally {
        setIsMaking(false)
        await load()
      }
    }
    begin().catch((error: unknown) => setProblem(words(error)))
  }, [id, joinRole, load])
  const make = async (asked: Asked) => {
    const link = await create(id, asked)
    setProblem("")
    show(link)
    await load()
    return link
  }
  const revoke = async (invite: Invite) => {
    await del(`/session/${id}/invites/${invite.id}`)
    forgetLink(invite.id)
    if (shown?.invite.id === invite.id) show(null)
    await load()
  }
  return { shown, isMaking, active, problem, show, make, revoke }
}
