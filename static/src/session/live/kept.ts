// The place of this browser's copy of a session's document. If the server refuses the copy, the
// browser uses a new place.

import { forgetSendings } from "./unconfirmed"

const KEY = "kept:"
const BROUGHT = "brought:"
/** The prefix of the databases' names. */
const BEGINNING = "session-"

/** Delete this browser's copies of the document of one session, or of all sessions. */
export async function forgetCopies(sessionId?: string): Promise<void> {
  const beginning = sessionId === undefined ? BEGINNING : `${BEGINNING}${sessionId}-`
  forgetSendings(beginning)
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- Firefox has it only since 126
  const databases = (await indexedDB.databases?.()) ?? []
  for (const { name } of databases) if (name?.startsWith(beginning)) indexedDB.deleteDatabase(name)
}

/** The copy of one session's document for one user, shared by all tabs. */
export class KeptPlace {
  private readonly key: string
  /** The number of the place that this tab uses. */
  private readonly number: string

  constructor(sessionId: string, userId: string) {
    this.key = `${sessionId}-${userId}`
    this.number = this.read()
  }

  /** The name of the database. */
  get name(): string {
    return `${BEGINNING}${this.key}${this.number && `-${this.number}`}`
  }

  /**
   * Whether another tab has left this place. That tab has already sent the place's text to the
   * server as new edits.
   */
  get isLeft(): boolean {
    return this.read() !== this.number
  }

  /**
   * Use an empty place after the page is loaded again. The old copy stays until the user signs out.
   */
  leave(): void {
    localStorage.setItem(KEY + this.key, String(Number(this.number || 0) + 1))
    sessionStorage.setItem(BROUGHT + this.key, "yes")
  }

  /** Whether this tab left a place before it loaded this page. Only the first call returns true. */
  wasLeft(): boolean {
    const was = sessionStorage.getItem(BROUGHT + this.key) !== null
    sessionStorage.removeItem(BROUGHT + this.key)
    return was
  }

  private read(): string {
    return localStorage.getItem(KEY + this.key) ?? ""
  }
}
