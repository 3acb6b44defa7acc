// A session's data from the server: title, members, roles. It uses no screen.
import { signal } from "@preact/signals"
import { ApiError, get, isAway, patch, post, words } from "../../api"
import { meanwhile } from "../../lib/patience"
import type { Session } from "../../types"
import { rememberedSession, rememberSession } from "./remembered"

/** The message for a session that only members may open. It is the same if there is no session. */
const UNKNOWN =
  "There is no session here that you may open. If somebody sent you this address, ask them for an invite link: they find it under Share."

const isMissing = (error: unknown) => error instanceof ApiError && error.status === 404

export class SessionState {
  readonly session = signal<Session | null>(null)
  /** why the session cannot be opened; "" if it can */
  readonly problem = signal("")
  /** whether the server says that there is no such session for this user */
  readonly isUnknown = signal(false)
  private asked = 0

  constructor(
    readonly id: string,
    private readonly userId: string,
  ) {}

  /**
   * Read the session for the first time. A user who has followed its link and is not a member yet
   * joins it.
   */
  async open(): Promise<void> {
    this.problem.value = ""
    try {
      await meanwhile(this.readOrJoin(), () => this.remember())
    } catch (error) {
      if (isAway(error)) this.remember()
      if (this.session.value !== null) return
      this.isUnknown.value = isMissing(error)
      this.problem.value = isMissing(error) ? UNKNOWN : words(error)
    }
  }

  /**
   * Read the session again, because something in it has changed. If the request fails, the old data
   * stay.
   */
  async reload(): Promise<void> {
    await this.read().catch(() => undefined)
  }

  /**
   * Change the session's language for everybody. This page has the new one before the server confirms
   * it, so that a program that is run next runs in it. Rejects if the server refuses it.
   */
  async setLanguage(language: string): Promise<void> {
    const session = this.session.peek()
    if (session) this.session.value = { ...session, language }
    // an answer that is on its way has the old language
    this.asked++
    try {
      await patch(`/session/${this.id}`, { language })
    } catch (error) {
      this.session.value = session
      throw error
    } finally {
      await this.reload()
    }
  }

  private async readOrJoin(): Promise<void> {
    await this.read().catch(async (error: unknown) => {
      if (!isMissing(error)) throw error
      await this.join()
    })
  }

  /** Show what the server said last time. The document is in this browser, too. */
  private remember(): void {
    this.session.value ??= rememberedSession(this.userId, this.id)
  }

  private async read(): Promise<void> {
    const asked = ++this.asked
    const answer = await get<Session>(`/session/${this.id}`)
    // an answer is out of date if a later request was sent meanwhile
    if (asked === this.asked) this.take(answer)
  }

  private async join(): Promise<void> {
    const { session } = await post<{ session: Session }>(`/session/${this.id}/join`)
    this.take(session)
  }

  private take(session: Session): void {
    this.session.value = session
    rememberSession(this.userId, session)
  }
}
