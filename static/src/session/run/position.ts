// The log position of the code that a run begins with, and the code at such a position.
import type { Signal } from "@preact/signals"
import { get } from "../../api"
import { textOf } from "../../lib/files"
import type { Files } from "../../types"
import { filesTold } from "../files/table"
import type { SaveState } from "../live/saved"
import type { Contents } from "../live/texts"

/**
 * The longest wait for the server to save this page's edits. It is limited, because a user who
 * types without a pause always has unsaved edits.
 */
const SAVED_MS = 2000

function untilSaved(state: Signal<SaveState>): Promise<void> {
  return new Promise((done) => {
    let stop: () => void = () => undefined
    const end = () => {
      clearTimeout(timer)
      stop()
      done()
    }
    const timer = setTimeout(end, SAVED_MS)
    stop = state.subscribe((now) => now === "saved" && queueMicrotask(end))
  })
}

/**
 * The log position after the server has saved the edits of this page. undefined if the server does
 * not tell it. Then the server uses its log position when the run's report arrives.
 */
export async function presentPosition(
  sessionId: string,
  state: Signal<SaveState>,
): Promise<number | undefined> {
  await untilSaved(state)
  try {
    return (await get<Files>(`/code/${sessionId}/files`)).sequence
  } catch {
    return undefined
  }
}

/** A text of the session. */
export interface NamedText {
  root: string
  name: string
  text: string
}

/** The files at a log position, with the names that they had then. */
export async function filesAt(
  sessionId: string,
  sequence: number,
  suffix: string,
): Promise<NamedText[]> {
  const contents = await get<Contents>(`/code/${sessionId}/at/${sequence}`)
  return filesTold(contents, suffix)
    .filter(({ isText, isDeleted }) => isText && !isDeleted)
    .map(({ root, name }) => ({ root, name, text: textOf(contents.files, root) }))
}
