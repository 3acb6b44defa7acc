// The user's own picture, and the crop of a new one.
import { useEffect, useRef, useState } from "preact/hooks"
import { pictureChanged } from "../account"
import { ApiError, call, del, words } from "../api"
import type { Me } from "../types"
import { tell } from "../ui/announce"
import { Avatar } from "../ui/avatar"
import { cancellable } from "../ui/cancellable"
import { Failure } from "../ui/problem"

const SIZE = 256

const encode = (canvas: HTMLCanvasElement) =>
  new Promise<Blob>((done, failed) => {
    const use = (blob: Blob | null) =>
      blob ? done(blob) : failed(new Error("This picture cannot be encoded."))
    canvas.toBlob(use, "image/png")
  })

interface SliderProps {
  label: string
  value: number
  min: number
  max: number
  onChange: (value: number) => void
}

function Slider({ label, value, min, max, onChange }: SliderProps) {
  return (
    <label>
      {label}
      <input
        type="range"
        min={min}
        max={max}
        step="0.01"
        value={value}
        onInput={(event) => onChange(Number(event.currentTarget.value))}
      />
    </label>
  )
}

/**
 * Draw the chosen part of the picture. Return a ref for the canvas, and a text that says why the
 * file cannot be shown.
 */
function usePreview(file: File, zoom: number, x: number, y: number) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const [picture, setPicture] = useState<ImageBitmap | null>(null)
  const [problem, setProblem] = useState("")
  useEffect(() => {
    setProblem("")
    return cancellable(createImageBitmap(file), setPicture, () =>
      setProblem("This file is not a picture that can be read."),
    )
  }, [file])
  useEffect(() => {
    const context = canvas.current?.getContext("2d")
    if (!picture || !context) return
    const side = Math.min(picture.width, picture.height) / zoom
    const [left, top] = [(picture.width - side) * x, (picture.height - side) * y]
    context.clearRect(0, 0, SIZE, SIZE)
    context.drawImage(picture, left, top, side, side, 0, 0, SIZE, SIZE)
  }, [picture, zoom, x, y])
  return { canvas, isReady: picture !== null, problem, setProblem }
}

/** Crop a square of the picture: sliders choose the part, and the preview shows it. */
function Crop({ file, onDone }: { file: File; onDone: () => void }) {
  const [zoom, setZoom] = useState(1)
  const [x, setX] = useState(0.5)
  const [y, setY] = useState(0.5)
  const { canvas, isReady, problem, setProblem } = usePreview(file, zoom, x, y)
  const upload = async () => {
    if (!canvas.current) return
    try {
      const form = new FormData()
      form.append("avatar", await encode(canvas.current), "avatar.png")
      const { avatar } = await call<{ avatar: string }>("POST", "/user/avatar", form)
      pictureChanged(avatar)
      tell("Your picture is changed")
      onDone()
    } catch (error) {
      const told = error instanceof ApiError ? Object.values(error.fields)[0] : undefined
      setProblem(told?.join(", ") ?? words(error))
    }
  }
  return (
    <div class="crop">
      <canvas
        ref={canvas}
        width={SIZE}
        height={SIZE}
        role="img"
        aria-label="Preview of your picture"
      />
      <div>
        <Slider label="Zoom" value={zoom} min={1} max={4} onChange={setZoom} />
        <Slider label="Left to right" value={x} min={0} max={1} onChange={setX} />
        <Slider label="Top to bottom" value={y} min={0} max={1} onChange={setY} />
        <Failure text={problem} />
        <p class="actions">
          <button type="button" class="primary" disabled={!isReady} onClick={() => void upload()}>
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

export function Picture({ user }: { user: Me }) {
  const [file, setFile] = useState<File | null>(null)
  const remove = () =>
    del("/user/avatar").then(
      () => pictureChanged(null),
      (error: unknown) => tell(words(error)),
    )
  return (
    <section class="card" aria-labelledby="picture">
      <h2 id="picture">Picture</h2>
      <div class="picture">
        <Avatar person={user} size={72} />
        <div>
          {/* the browser's own button has a text, a language and a size that the app cannot set */}
          <input
            id="avatar"
            class="sr-only"
            type="file"
            accept="image/png,image/jpeg,image/webp,image/gif"
            onChange={(event) => setFile(event.currentTarget.files?.[0] ?? null)}
          />
          <label class="button" for="avatar">
            Choose a picture
          </label>
          {user.avatar && (
            <button type="button" class="ghost small" onClick={() => void remove()}>
              Remove the picture
            </button>
          )}
        </div>
      </div>
      {file && <Crop file={file} onDone={() => setFile(null)} />}
    </section>
  )
}
