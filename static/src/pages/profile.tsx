import { useSignal } from "@preact/signals"
import { useEffect, useRef } from "preact/hooks"
import { me, signedIn, signOut } from "../account"
import { ApiError, call, del, get, patch, post, words } from "../api"
import { ago } from "../times"
import type { Me } from "../types"
import { tell } from "../ui/announce"
import { Avatar } from "../ui/avatar"
import { cancellable } from "../ui/cancellable"
import { Field, Form } from "../ui/form"
import { Page } from "../ui/shell"

const SIZE = 256

/** A square of the picture: where to cut is chosen by sliders, and seen at once. */
function Crop({ file, onDone }: { file: File; onDone: () => void }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const picture = useSignal<ImageBitmap | null>(null)
  const zoom = useSignal(1)
  const x = useSignal(0.5)
  const y = useSignal(0.5)
  const problem = useSignal("")
  useEffect(() => {
    problem.value = ""
    return cancellable(
      createImageBitmap(file),
      (made) => (picture.value = made),
      () => (problem.value = "This file is not a picture that can be read."),
    )
  }, [file])
  useEffect(() => {
    const image = picture.value
    const context = canvas.current?.getContext("2d")
    if (!image || !context) return
    const side = Math.min(image.width, image.height) / zoom.value
    context.clearRect(0, 0, SIZE, SIZE)
    context.drawImage(
      image,
      (image.width - side) * x.value,
      (image.height - side) * y.value,
      side,
      side,
      0,
      0,
      SIZE,
      SIZE,
    )
  }, [picture.value, zoom.value, x.value, y.value])
  const upload = async () => {
    const blob = await new Promise<Blob | null>((done) => canvas.current!.toBlob(done, "image/png"))
    const form = new FormData()
    form.append("avatar", blob!, "avatar.png")
    try {
      const { avatar } = await call<{ avatar: string }>("POST", "/user/avatar", form)
      me.value = { ...me.value!, avatar }
      tell("Your picture is changed")
      onDone()
    } catch (error) {
      problem.value =
        error instanceof ApiError ? (Object.values(error.fields)[0]?.join(", ") ?? error.message) : words(error)
    }
  }
  const slider = (label: string, value: { value: number }, min: number, max: number) => (
    <label>
      {label}
      <input
        type="range"
        min={min}
        max={max}
        step="0.01"
        value={value.value}
        onInput={(event) => (value.value = Number(event.currentTarget.value))}
      />
    </label>
  )
  return (
    <div class="crop">
      <canvas ref={canvas} width={SIZE} height={SIZE} role="img" aria-label="Preview of your picture" />
      <div>
        {slider("Zoom", zoom, 1, 4)}
        {slider("Left to right", x, 0, 1)}
        {slider("Top to bottom", y, 0, 1)}
        {problem.value && (
          <p class="wrong" role="alert">
            {problem.value}
          </p>
        )}
        <p class="actions">
          <button type="button" class="primary" disabled={!picture.value} onClick={() => void upload()}>
            Use this picture
          </button>
          <button type="button" onClick={onDone}>
            Cancel
          </button>
        </p>
      </div>
    </div>
  )
}

function Picture({ user }: { user: Me }) {
  const file = useSignal<File | null>(null)
  const remove = () =>
    del("/user/avatar").then(
      () => (me.value = { ...user, avatar: null }),
      (error) => tell(words(error)),
    )
  return (
    <section class="card" aria-labelledby="picture">
      <h2 id="picture">Picture</h2>
      <div class="picture">
        <Avatar person={user} size={72} />
        <div>
          <label for="avatar">Choose a picture</label>
          <input
            id="avatar"
            type="file"
            accept="image/png,image/jpeg,image/webp,image/gif"
            onChange={(event) => (file.value = event.currentTarget.files?.[0] ?? null)}
          />
          {user.avatar && (
            <button type="button" class="ghost small" onClick={() => void remove()}>
              Remove the picture
            </button>
          )}
        </div>
      </div>
      {file.value && <Crop file={file.value} onDone={() => (file.value = null)} />}
    </section>
  )
}

interface Login {
  id: string
  device: string
  lastUsedAt: string
  current: boolean
}

function Logins() {
  const logins = useSignal<Login[]>([])
  const load = () =>
    get<{ items: Login[] }>("/user/logins").then(
      ({ items }) => (logins.value = items),
      () => undefined,
    )
  useEffect(() => void load(), [])
  const end = (one: Login) => del(`/user/logins/${one.id}`).then(load, (error) => tell(words(error)))
  return (
    <section class="card" aria-labelledby="logins">
      <h2 id="logins">Where you are signed in</h2>
      <ul class="plain">
        {logins.value.map((one) => (
          <li key={one.id} class="invite">
            <span>
              {one.device || "Unknown device"}, {one.current ? "this one" : ago(one.lastUsedAt)}
            </span>
            {!one.current && (
              <button type="button" class="ghost small" onClick={() => void end(one)}>
                Sign out there
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  )
}

export default function ProfilePage() {
  const user = me.value!
  const rename = async ({ username }: Record<string, string>) => {
    signedIn(await patch<Me>("/user/me", { username }))
    tell("Your name is changed")
  }
  const changePassword = async (values: Record<string, string>) => {
    await post("/user/password", values)
    tell("Your password is changed; all other logins have ended")
  }
  return (
    <Page title="Profile" narrow>
      <h1>{user.username}</h1>
      <p class="meta">{user.guest ? "guest" : user.email}</p>
      <Picture user={user} />
      <section class="card" aria-labelledby="name">
        <h2 id="name">Name</h2>
        <Form submit="Change the name" onSubmit={rename}>
          <Field name="username" label="User name" value={user.username} autocomplete="username" />
        </Form>
      </section>
      {!user.guest && (
        <section class="card" aria-labelledby="password">
          <h2 id="password">Password</h2>
          <Form submit="Change the password" onSubmit={changePassword}>
            <Field name="currentPassword" label="Current password" type="password" autocomplete="current-password" />
            <Field
              name="newPassword"
              label="New password"
              type="password"
              autocomplete="new-password"
              hint="At least 10 characters."
            />
          </Form>
        </section>
      )}
      <Logins />
      <button type="button" onClick={() => void signOut()}>
        Sign out
      </button>
    </Page>
  )
}
