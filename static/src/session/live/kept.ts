// Where this browser keeps a session's document. Another place from then on when the server has refused what is kept.

const KEY = "kept:"
const BROUGHT = "brought:"

/** One person's copy of one session's document, for all tabs. */
export class KeptPlace {
  private readonly key: string
  /** The place that this tab began with. */
  private readonly number: string

  constructor(sessionId: string, userId: string) {
    this.key = `${sessionId}-${userId}`
    this.number = this.read()
  }

  /** The name of the database. Signing out deletes all of them by their beginning. */
  get name(): string {
    return `session-${this.key}${this.number && `-${this.number}`}`
  }

  /** Whether another tab has left this place: what it held is on the server under another client id. */
  get isLeft(): boolean {
    return this.read() !== this.number
  }

  /** Begin with an empty place when the page is next loaded. What was kept here stays until the person signs out. */
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
