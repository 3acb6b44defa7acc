// The messages of a session's chat, and the number of unread ones.
import { signal } from "@preact/signals"
import { get, post } from "../../api"
import type { Message } from "../../types"

interface Page {
  messages: Message[]
  next: string | null
}

export class ChatLog {
  readonly messages = signal<Message[]>([])
  readonly older = signal<string | null>(null)
  readonly unread = signal(0)
  private isOpen = false

  constructor(
    private readonly sessionId: string,
    unread: number,
    private readonly isTabHidden: () => boolean = () => false,
  ) {
    this.unread.value = unread
  }

  /**
   * Read the newest page, at the start and after a lost connection. Notes may have been lost with
   * it.
   */
  async load(): Promise<void> {
    const page = await get<Page>(`/chat/${this.sessionId}?limit=50`)
    if (this.messages.value.length === 0) this.older.value = page.next
    this.merge(page.messages)
  }

  async loadOlder(): Promise<void> {
    const page = await get<Page>(`/chat/${this.sessionId}?limit=50&before=${this.older.value}`)
    this.older.value = page.next
    this.merge(page.messages)
  }

  /** Add a message that has arrived, and return whether it is new here. */
  add(message: Message): boolean {
    if (this.messages.value.some((known) => known.id === message.id)) return false
    this.merge([message])
    if (this.isSeen) void this.read()
    else this.unread.value += 1
    return true
  }

  /** Whether the user sees new messages: both the chat and the tab are visible. */
  get isSeen(): boolean {
    return this.isOpen && !this.isTabHidden()
  }

  /** Count new messages as read or unread, because the tab was shown or hidden. */
  tabChanged(): void {
    if (this.isSeen && this.unread.value > 0) void this.read()
  }

  async send(text: string): Promise<void> {
    this.merge([await post<Message>("/chat/send", { sessionId: this.sessionId, message: text })])
  }

  /** The chat is shown from now on, so new messages count as read. */
  open(): void {
    this.isOpen = true
    if (this.isSeen) void this.read()
  }

  close(): void {
    this.isOpen = false
  }

  private async read(): Promise<void> {
    this.unread.value = 0
    await post(`/chat/${this.sessionId}/read`).catch(() => undefined)
  }

  private merge(some: Message[]): void {
    const all = new Map(
      [...this.messages.value, ...some].map((message) => [message.sequence, message]),
    )
    this.messages.value = [...all.values()].sort((a, b) => a.sequence - b.sequence)
  }
}
