// Where this browser keeps a session's document. If the server refuses the kept document, a new
// place is used.

import { forgetSendings } from "./unconfirmed"

const KEY = "kept:"
const BROUGHT = "brought:"
/** The beginning of the names of databases. */
const BEGINNING = "session-"

/** Delete this browser's copies of the document of one session, or of all sessions. */
export async function forgetCopies(sessionId?: string): Promise<void> {
  const beginning = sessionId === undefined ? BEGINNING : `${BEGINNING}${sessionId}-`
  forgetSendings(beginning)
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- Firefox has it only since 126
  const databases = (await indexedDB.databases?.()) ?? []
  for (const { name } of databases) if (name?.startsWith(beginning)) indexedDB.deleteDatabase(name)
}

/** One person's copy of one session's document, for all tabs. */
export class KeptPlace {
  private readonly key: string
  /** The place that this tab began with. */
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
   * Whether another tab has left this place: what it held is on the server under another client id.
   */
  get isLeft(): boolean {
    return this.read() !== this.number
  }

  /**
   * Begin with an empty place when the page is next loaded. The old copy stays until the person
   * signs out.
   */
  leave(): void {
    localStorage.setItem(KEY + this.key, String(Number(this.number || 0) + 1))
    sessionStorage.setItem(BROUGHT + this.key, "yes")
  }

  /** Whether this page was loaded because the place before was left; true once. */
  wasLeft(): boolean {
    const was = sessionStorage.getItem(BROUGHT + this.key) !== null
    sessionStorage.removeItem(BROUGHT + this.key)
    return was
  }

  private read(): string {
    return localStorage.getItem(KEY + this.key) ?? ""
  }
}
