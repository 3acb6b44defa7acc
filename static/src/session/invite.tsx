import { useSignal } from "@preact/signals"
import { useEffect } from "preact/hooks"
import qrcode from "qrcode-generator"
import { del, get, post, words } from "../api"
import { full } from "../times"
import type { Invite } from "../types"
import { tell } from "../ui/announce"
import { Dialog } from "../ui/dialog"
import { Choice, Form } from "../ui/form"

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

function Link({ invite }: { invite: Invite }) {
  const copy = () =>
    navigator.clipboard.writeText(invite.url!).then(
      () => tell("The link is copied"),
      () => tell("Copying is not allowed here: select the link"),
    )
  return (
    <div class="made">
      <Code text={invite.url!} />
      <div>
        <label for="invite-url">Link for {invite.role === "viewer" ? "viewers" : "editors"}</label>
        <input id="invite-url" readOnly value={invite.url} onFocus={(event) => event.currentTarget.select()} />
        <p class="hint">Good until {full(invite.expiresAt)}. It is shown this once.</p>
        <button type="button" class="primary" onClick={copy}>
          Copy the link
        </button>
      </div>
    </div>
  )
}

export default function InviteDialog({ sessionId, onClose }: { sessionId: string; onClose: () => void }) {
  const made = useSignal<Invite | null>(null)
  const known = useSignal<Invite[]>([])
  const load = () =>
    get<{ items: Invite[] }>(`/session/${sessionId}/invites`).then(
      (answer) => (known.value = answer.items.filter((one) => one.usable)),
    )
  useEffect(() => void load(), [])
  const make = async ({ role, expiresIn, maxUses }: Record<string, string>) => {
    made.value = await post<Invite>(`/session/${sessionId}/invites`, {
      role,
      expiresIn: Number(expiresIn),
      ...(maxUses ? { maxUses: Number(maxUses) } : {}),
    })
    await load()
  }
  const revoke = (one: Invite) =>
    del(`/session/${sessionId}/invites/${one.id}`).then(
      () => (tell("The invite is revoked"), load()),
      (error) => tell(words(error)),
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
      {made.value && <Link invite={made.value} />}
      {known.value.length > 0 && (
        <>
          <h3>Links that work</h3>
          <ul class="plain">
            {known.value.map((one) => (
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
