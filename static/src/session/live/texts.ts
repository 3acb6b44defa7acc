// What the server says that a session's document holds: which texts there are, and what other roots
// can be read.
import { ApiError, get } from "../../api"
import type { Documents } from "../../lib/documents"
import type { Files } from "../../types"

/** Both by the names of the roots. */
export interface Contents {
  files: Readonly<Record<string, string>>
  documents: Documents
}

const read = (path: string): Promise<Contents> => get<Contents>(path)

/** The names of the roots: of texts, and of others. */
export interface Names {
  texts: string[]
  others: string[]
}

/**
 * The names of the roots that there are now. Texts are not sent for it: this is asked with each
 * connection.
 */
export async function readNames(sessionId: string): Promise<Names> {
  const { files } = await get<Files>(`/code/${sessionId}/files`)
  const names = (isText: boolean) =>
    files.filter(({ type }) => (type === "text") === isText).map(({ root }) => root)
  return { texts: names(true), others: names(false) }
}

/** The document as it is now. */
export const readLive = (sessionId: string): Promise<Contents> =>
  read(`/code/${sessionId}/latest?live=true`)

/**
 * The document as it is now, or as it was last saved if it is out of service; null if there is
 * none.
 */
export async function readTexts(sessionId: string): Promise<Contents | null> {
  try {
    return await readLive(sessionId)
  } catch (error) {
    if (!(error instanceof ApiError) || error.status < 400) return null
    return read(`/code/${sessionId}/latest`).catch(() => null)
  }
}
