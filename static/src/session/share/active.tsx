// The active links of a session, and the people who joined by each link.
import { linkOf } from "../../lib/links"
import { full, until } from "../../lib/times"
import type { Invite, InviteUse, ListedInvite } from "../../types"
import { copy } from "../../ui/copy"
import type { KnownLink } from "./links"

/** The most people whose names are shown for a link. */
const NAMED = 8

/** "Editors · 0 of 5 joined · expires 5 Dec" */
function about({ role, uses, maxUses, expiresAt }: Invite): string {
  const joined = maxUses ? `${uses} of ${maxUses} joined` : `${uses} joined`
  return [role === "viewer" ? "Viewers" : "Editors", joined, `expires ${until(expiresAt)}`].join(
    " · ",
  )
}

function Joined({ people, count }: { people: InviteUse[]; count: number }) {
  const named = people.slice(0, NAMED)
  const more = count - named.length
  return (
    <span class="hint">
      {named.map((person, index) => (
        <span key={person.id} title={full(person.at)}>
          {index > 0 && ", "}
          <bdi>{person.username}</bdi>
          {person.guest && " (guest)"}
        </span>
      ))}
      {more > 0 && ` and ${more} more`}
    </span>
  )
}

interface OneProps {
  invite: ListedInvite
  onShow: (link: KnownLink) => void
  onRevoke: () => void
}

function One({ invite, onShow, onRevoke }: OneProps) {
  const url = linkOf(invite.id)
  const copyAndShow = (known: string) => {
    onShow({ invite, url: known })
    void copy(known, "link")
  }
  return (
    <li class="invite">
      <span class="invite-about">
        <span title={full(invite.expiresAt)}>{about(invite)}</span>
        {invite.uses > 0 && <Joined people={invite.usedBy} count={invite.uses} />}
        {url === null && (
          <span class="hint">Only the browser that created it can copy it again.</span>
        )}
      </span>
      <span class="invite-tools">
        {url !== null && (
          <button type="button" class="small" onClick={() => copyAndShow(url)}>
            Copy<span class="sr-only"> the link for {about(invite)}</span>
          </button>
        )}
        <button type="button" class="ghost small" onClick={onRevoke}>
          Revoke<span class="sr-only"> the link for {about(invite)}</span>
        </button>
      </span>
    </li>
  )
}

interface Props {
  active: ListedInvite[]
  onShow: (link: KnownLink) => void
  onRevoke: (invite: Invite) => void
}

export function ActiveLinks({ active, onShow, onRevoke }: Props) {
  if (active.length === 0) return null
  return (
    <>
      <h3>Active links</h3>
      <ul class="plain" aria-label="Active links">
        {active.map((person) => (
          <One key={person.id} invite={person} onShow={onShow} onRevoke={() => onRevoke(person)} />
        ))}
      </ul>
    </>
  )
}
