import { useCallback, useEffect, useState } from "preact/hooks"
import qrcode from "qrcode-generator"
import { del, get, post, words } from "../../api"
import { keepLink, linkOf } from "../../lib/links"
import { full, until } from "../../lib/times"
import type { Invite } from "../../types"
import { tell } from "../../ui/announce"
import { copy } from "../../ui/copy"
import { Dialog } from "../../ui/dialog"
import { Choice, Form } from "../../ui/form"

const EXPIRIES: [string, string][] = [
  ["3600", "1 hour"],
  ["86400", "1 day"],
  ["604800", "7 days"],
  ["2592000", "30 days"],
]

/** A QR code as one SVG path. */
function Code({ text }: { text: string }) {
  const code = qrcode(0, "M")
  code.addData(text)
  code.make()
  const size = code.getModuleCount()
  let path = ""
  for (let row = 0; row < size; row++)
    for (let column = 0; column < size; column++)
      if (code.isDark(row, column)) path += `M${column + 2},${row + 2}h1v1h-1z`
  return (
    <svg
      class="qr"
      viewBox={`0 0 ${size + 4} ${size + 4}`}
      role="img"
      aria-label="QR code of the invite link"
      shape-rendering="crispEdges"
    >
      <rect width="100%" height="100%" fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  )
}

/** An invite as text: "Editors · 0 of 5 joined · expires 5 Dec". */
function about({ role, uses, maxUses, expiresAt }: Invite): string {
  const joined = maxUses ? `${uses} of ${maxUses} joined` : `${uses} joined`
  return [role === "viewer" ? "Viewers" : "Editors", joined, `expires ${until(expiresAt)}`].join(
    " · ",
  )
}

function Link({ invite, url }: { invite: Invite; url: string }) {
  return (
    <div class="invite-made">
      <Code text={url} />
      <div>
        <label for="invite-url">Link for {invite.role === "viewer" ? "viewers" : "editors"}</label>
        <input
          id="invite-url"
          readOnly
          value={url}
          onFocus={(event) => event.currentTarget.select()}
        />
        <p class="hint">
          Expires {full(invite.expiresAt)}. Copy it now: the server does not keep it, and only this
          tab can show it again.
        </p>
        <button type="button" class="primary" onClick={() => void copy(url, "link")}>
          Copy the link
        </button>
      </div>
    </div>
  )
}

function Active({ invite, onRevoke }: { invite: Invite; onRevoke: () => void }) {
  const url = linkOf(invite.id)
  return (
    <li class="invite">
      <span title={full(invite.expiresAt)}>{about(invite)}</span>
      <span class="invite-tools">
        {url !== null && (
          <button type="button" class="small" onClick={() => void copy(url, "link")}>
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

export default function InviteDialog({
  sessionId,
  onClose,
}: {
  sessionId: string
  onClose: () => void
}) {
  const [made, setMade] = useState<Invite | null>(null)
  const [known, setKnown] = useState<Invite[]>([])
  const load = useCallback(async () => {
    const { items } = await get<{ items: Invite[] }>(`/session/${sessionId}/invites`)
    setKnown(items.filter((one) => one.usable))
  }, [sessionId])
  useEffect(() => void load(), [load])
  const make = async ({ role, expiresIn, maxUses }: Record<string, string>) => {
    const asked = {
      role,
      expiresIn: Number(expiresIn),
      ...(maxUses ? { maxUses: Number(maxUses) } : {}),
    }
    const invite = await post<Invite>(`/session/${sessionId}/invites`, asked)
    setMade(invite)
    if (invite.url) {
      keepLink(invite.id, invite.url)
      await copy(invite.url, "link")
    }
    await load()
  }
  const revoke = (one: Invite) =>
    del(`/session/${sessionId}/invites/${one.id}`).then(
      () => {
        tell("The invite is revoked")
        setMade((shown) => (shown?.id === one.id ? null : shown))
        return load()
      },
      (error: unknown) => tell(words(error)),
    )
  return (
    <Dialog title="Invite people" onClose={onClose}>
      <Form submit="Create link" kind={made ? "" : "primary"} onSubmit={make} class="form columns">
        <Choice
          name="role"
          label="Role"
          value="editor"
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
      {made?.url && <Link invite={made} url={made.url} />}
      {known.length > 0 && (
        <>
          <h3>Active links</h3>
          <ul class="plain">
            {known.map((one) => (
              <Active key={one.id} invite={one} onRevoke={() => void revoke(one)} />
            ))}
          </ul>
        </>
      )}
    </Dialog>
  )
}
