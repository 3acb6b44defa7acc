// Reads the content of a session's document from the server: the texts, and the other roots.
import { ApiError, get } from "../../api"
import type { Documents } from "../../lib/documents"
import type { Files } from "../../types"
import type { FileName } from "../files/table"

/** The texts and the other roots, both by name. */
export interface Contents {
  files: Readonly<Record<string, string>>
  documents: Documents
  names?: readonly FileName[]
}

const read = (path: string): Promise<Contents> => get<Contents>(path)

/** The names of texts, and of other roots. */
export interface Names {
  texts: string[]
  others: string[]
}

/**
 * Read the names of the current roots. The app asks for them at each connection, so the answer has
 * only the names, without the texts.
 */
export async function readNames(sessionId: string): Promise<Names> {
  const { files } = await get<Files>(`/code/${sessionId}/files`)
  const names = (isText: boolean) =>
    files.filter(({ type }) => (type === "text") === isText).map(({ root }) => root)
  return { texts: names(true), others: names(false) }
}

/** Read the current document. */
export const readLive = (sessionId: string): Promise<Contents> =>
  read(`/code/${sessionId}/latest?live=true`)

/**
 * Read the current document. If it is out of service, read the last saved version. null if there is
 * no version either.
 */
export async function readTexts(sessionId: string): Promise<Contents | null> {
  try {
    return await readLive(sessionId)
  } catch (error) {
    if (!(error instanceof ApiError) || error.status < 400) return null
    return read(`/code/${sessionId}/latest`).catch(() => null)
  }
}
