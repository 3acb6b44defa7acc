// Uploading files of the user's computer: the button to pick them, and the report about them.
import { useRef, useState } from "preact/hooks"
import { announce } from "../../../ui/announce"
import { Icon } from "../../../ui/icons"
import type { LiveSession } from "../../live/live"
import type { View } from "../../view"
import { type Picked, pickedOf, readPicked, type Refused, sorted } from "../uploads"

/** The most refused files that the report names. More would fill the screen. */
const NAMED = 20

interface Report {
  added: number
  refused: Refused[]
}

const countOf = (count: number, what: string) => `${count} ${what}${count === 1 ? "" : "s"}`

/** Take files into the session, and keep the report of the last time. */
export function useUpload(live: LiveSession, view: View) {
  const [report, setReport] = useState<Report | null>(null)
  const take = async (reading: Picked[] | Promise<Picked[]>, folder: string) => {
    const { candidates, refused } = await readPicked(await reading)
    const upload = sorted(candidates, folder, live.changes.taken())
    const roots = upload.taken.map(({ name, text }) => live.changes.create(name, text))
    const all = [...refused, ...upload.refused]
    setReport({ added: roots.length, refused: all })
    announce(`${countOf(roots.length, "file")} added, ${all.length} refused`)
    if (roots[0] !== undefined) view.choose(roots[0])
  }
  const failed = (error: unknown) => {
    reportError(error)
    setReport({ added: 0, refused: [{ path: "", why: "The files could not be read." }] })
  }
  return {
    report,
    close: () => setReport(null),
    take: (reading: Picked[] | Promise<Picked[]>, folder: string) =>
      void take(reading, folder).catch(failed),
  }
}

export function UploadButton({ onPick }: { onPick: (picked: Picked[]) => void }) {
  const input = useRef<HTMLInputElement>(null)
  // a new field each time, because a field reports no change if the same file is picked again
  const [count, setCount] = useState(0)
  return (
    <>
      <button
        type="button"
        class="icon"
        aria-label="Upload files"
        title="Upload files, or a zip file"
        onClick={() => input.current?.click()}
      >
        <Icon name="upload" />
      </button>
      <input
        key={count}
        ref={input}
        type="file"
        multiple
        hidden
        aria-label="Files to upload"
        onChange={({ currentTarget }) => {
          if (currentTarget.files) onPick(pickedOf(currentTarget.files))
          setCount(count + 1)
        }}
      />
    </>
  )
}

export function UploadReport({ report, onClose }: { report: Report; onClose: () => void }) {
  const { added, refused } = report
  return (
    <section class="upload-report" aria-label="Uploaded files">
      <p>
        {countOf(added, "file")} added
        {refused.length > 0 && `, ${refused.length} refused`}.
      </p>
      {refused.length > 0 && (
        <ul class="plain" tabIndex={0} aria-label="Refused files">
          {refused.slice(0, NAMED).map(({ path, why }, index) => (
            <li key={index}>
              <bdi>{path}</bdi> {why}
            </li>
          ))}
          {refused.length > NAMED && <li>And {refused.length - NAMED} more.</li>}
        </ul>
      )}
      <button type="button" class="small" onClick={onClose}>
        OK
      </button>
    </section>
  )
}
