import { useCallback, useEffect, useState } from "preact/hooks"
import qrcode from "qrcode-generator"
import { del, get, post, words } from "../../api"
import { full } from "../../lib/times"
import type { Invite } from "../../types"
import { tell } from "../../ui/announce"
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

function Link({ invite, url }: { invite: Invite; url: string }) {
  const copy = () =>
    navigator.clipboard.writeText(url).then(
      () => tell("The link is copied"),
      () => tell("Copying is not allowed here: select the link"),
    )
  return (
    <div class="invite-made">
      <Code text={url} />
      <div>
        <label for="invite-url">Link for {invite.role === "viewer" ? "viewers" : "editors"}</label>
        <input id="invite-url" readOnly value={url} onFocus={(event) => event.currentTarget.select()} />
        <p class="hint">Good until {full(invite.expiresAt)}. It is shown this once.</p>
        <button type="button" class="primary" onClick={() => void copy()}>
          Copy the link
        </button>
      </div>
    </div>
  )
}

export default function InviteDialog({ sessionId, onClose }: { sessionId: string; onClose: () => void }) {
  const [made, setMade] = useState<Invite | null>(null)
  const [known, setKnown] = useState<Invite[]>([])
  const load = useCallback(async () => {
    const { items } = await get<{ items: Invite[] }>(`/session/${sessionId}/invites`)
    setKnown(items.filter((one) => one.usable))
  }, [sessionId])
  useEffect(() => void load(), [load])
  const make = async ({ role, expiresIn, maxUses }: Record<string, string>) => {
    const asked = { role, expiresIn: Number(expiresIn), ...(maxUses ? { maxUses: Number(maxUses) } : {}) }
    setMade(await post<Invite>(`/session/${sessionId}/invites`, asked))
    await load()
  }
  const revoke = (one: Invite) =>
    del(`/session/${sessionId}/invites/${one.id}`).then(
      () => {
        tell("The invite is revoked")
        return load()
      },
      (error: unknown) => tell(words(error)),
    )
  return (
    <Dialog title="Invite people" onClose={onClose}>
      <Form submit="Make a link" onSubmit={make} class="form columns">
        <Choice
          name="role"
          label="They may"
          value="editor"
          options={[
            ["editor", "edit"],
            ["viewer", "only watch"],
          ]}
        />
        <Choice name="expiresIn" label="Good for" value="604800" options={EXPIRIES} />
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
          <h3>Links that work</h3>
          <ul class="plain">
            {known.map((one) => (
              <li key={one.id} class="invite">
                <span>
                  {one.role}, {one.uses} used{one.maxUses ? ` of ${one.maxUses}` : ""}, until {full(one.expiresAt)}
                </span>
                <button type="button" class="ghost small" onClick={() => void revoke(one)}>
                  Revoke
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
    </Dialog>
  )
}
