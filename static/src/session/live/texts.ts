// A session's texts by REST: which there are, and what can be read while there is no document.
import { ApiError, get } from "../../api"

/** By the name of their root. */
export type Texts = Record<string, string>

const read = async (path: string): Promise<Texts> => (await get<{ files: Texts }>(path)).files

/** The texts as they are now. */
export const readLive = (sessionId: string): Promise<Texts> => read(`/code/${sessionId}/latest?live=true`)

/** The texts as they are now, or as they were last saved if the document is out of service; null if there are none. */
export async function readTexts(sessionId: string): Promise<Texts | null> {
  try {
    return await readLive(sessionId)
  } catch (error) {
    if (!(error instanceof ApiError) || error.status < 400) return null
    return read(`/code/${sessionId}/latest`).catch(() => null)
  }
}
