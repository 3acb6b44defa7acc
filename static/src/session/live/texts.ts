// What the server says that a session's document holds: which texts there are, and what other roots can be read.
import { ApiError, get } from "../../api"
import type { Documents } from "../../lib/documents"

/** Both by the names of the roots. */
export interface Contents {
  files: Readonly<Record<string, string>>
  documents: Documents
}

const read = (path: string): Promise<Contents> => get<Contents>(path)

/** The document as it is now. */
export const readLive = (sessionId: string): Promise<Contents> => read(`/code/${sessionId}/latest?live=true`)

/** The document as it is now, or as it was last saved if it is out of service; null if there is none. */
export async function readTexts(sessionId: string): Promise<Contents | null> {
  try {
    return await readLive(sessionId)
  } catch (error) {
    if (!(error instanceof ApiError) || error.status < 400) return null
    return read(`/code/${sessionId}/latest`).catch(() => null)
  }
}
