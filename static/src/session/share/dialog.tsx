// The dialog that has the link to give to people. The owner gets invite links, which also let in
// people without an account; everybody else gets the session's address.
import type { ComponentChildren } from "preact"
import { useEffect, useRef } from "preact/hooks"
import { words } from "../../api"
import { until } from "../../lib/times"
import type { Invite, Session } from "../../types"
import { tell } from "../../ui/announce"
import { copy } from "../../ui/copy"
import { Dialog } from "../../ui/dialog"
import { Choice, Form } from "../../ui/form"
import { Failure } from "../../ui/problem"
import { ActiveLinks } from "./active"
import { type KnownLink, type Links, useLinks } from "./links"
import { QrCode } from "./qr"

const EXPIRIES: [string, string][] = [
  ["3600", "1 hour"],
  ["86400", "1 day"],
  ["604800", "7 days"],
  ["2592000", "30 days"],
]

const addressOf = (session: Session) => `${location.origin}/s/${session.id}`

interface LinkProps {
  label: string
  /** the link; "" while the server makes it */
  url: string
  children: ComponentChildren
}

function Link({ label, url, children }: LinkProps) {
  const button = useRef<HTMLButtonElement>(null)
  useEffect(() => button.current?.focus(), [])
  return (
    <div class="share-link">
      <div class="share-code">{url && <QrCode text={url} />}</div>
      <div>
        <label for="share-url">{label}</label>
        <div class="share-row">
          <input
            id="share-url"
            readOnly
            value={url}
            placeholder="Creating the link…"
            onFocus={(event) => event.currentTarget.select()}
          />
          <button
            ref={button}
            type="button"
            class="primary"
            aria-disabled={!url}
            onClick={() => url && void copy(url, "link")}
          >
            Copy link
          </button>
        </div>
        <p class="hint">{children}</p>
      </div>
    </div>
  )
}

/** "Anyone with this link can edit, also without an account. Until 5 Dec." */
function Means({ invite, session }: { invite: Invite; session: Session }) {
  const may =
    session.status === "ended" ? "read" : invite.role === "viewer" ? "view and chat" : "edit"
  const { maxUses } = invite
  const who = maxUses ? `The first ${maxUses} ${maxUses === 1 ? "person" : "people"}` : "Anyone"
  return (
    <>
      {who} with this link can {may}, also without an account. It expires {until(invite.expiresAt)}.
    </>
  )
}

function ToGive({ session, links }: { session: Session; links: Links }) {
  const { shown, isMaking } = links
  if (!shown && !isMaking) return null
  const role = shown ? shown.invite.role : session.joinRole
  return (
    <Link label={`Link for ${role === "viewer" ? "viewers" : "editors"}`} url={shown?.url ?? ""}>
      {shown && <Means invite={shown.invite} session={session} />}
    </Link>
  )
}

function NewLink({ role, onMake }: { role: string; onMake: Links["make"] }) {
  const make = async ({ role, expiresIn, maxUses }: Record<string, string>) => {
    const { url } = await onMake({
      ...(role && { role }),
      expiresIn: Number(expiresIn),
      ...(maxUses ? { maxUses: Number(maxUses) } : {}),
    })
    await copy(url, "link")
  }
  return (
    <>
      <h3>Another link</h3>
      <Form submit="Create link" kind="" onSubmit={make} class="form columns">
        <Choice
          name="role"
          label="Role"
          value={role}
          options={[
            ["editor", "can edit"],
            ["viewer", "view only"],
          ]}
        />
        <Choice name="expiresIn" label="Expires in" value="604800" options={EXPIRIES} />
        <Choice
          name="maxUses"
          label="How many people"
          value=""
          options={[
            ["", "any number"],
            ["1", "1"],
            ["5", "5"],
            ["30", "30"],
          ]}
        />
      </Form>
    </>
  )
}

const AS = { owner: "owner", editor: "an editor", viewer: "a viewer" }

/** A text about what people can do who get the address of the page. */
function addressMeans({ access, joinRole }: Session): string {
  return access === "link"
    ? `Anyone with an account who opens it joins as ${AS[joinRole]}.`
    : "It opens the session for its members only."
}

function ForOwner({ session }: { session: Session }) {
  const links = useLinks(session)
  const revoke = (invite: Invite) =>
    links.revoke(invite).then(
      () => tell("The link is revoked"),
      (error: unknown) => tell(words(error)),
    )
  const show = (link: KnownLink) => links.show(link)
  return (
    <>
      <ToGive session={session} links={links} />
      <Failure text={links.problem} />
      <NewLink role={session.joinRole} onMake={links.make} />
      <ActiveLinks active={links.active} onShow={show} onRevoke={(invite) => void revoke(invite)} />
      <h3>Address of this page</h3>
      <p class="share-address">
        <span>{addressMeans(session)}</span>
        <button
          type="button"
          class="small"
          onClick={() => void copy(addressOf(session), "address")}
        >
          Copy address
        </button>
      </p>
    </>
  )
}

function ForMember({ session }: { session: Session }) {
  const owner = session.members.find((member) => member.role === "owner")
  return (
    <Link label="Address of this session" url={addressOf(session)}>
      {addressMeans(session)} Only the owner
      {owner && (
        <>
          , <bdi>{owner.username}</bdi>,
        </>
      )}{" "}
      can create links for people without an account.
    </Link>
  )
}

export default function ShareDialog({
  session,
  onClose,
}: {
  session: Session
  onClose: () => void
}) {
  return (
    <Dialog title="Share this session" onClose={onClose}>
      {session.role === "owner" ? <ForOwner session={session} /> : <ForMember session={session} />}
    </Dialog>
  )
}
