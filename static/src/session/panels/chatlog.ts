// The chat of a session: its messages, those that arrive, and the number of unread ones.
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

  /** Read the newest page; also after a connection was away, when notes may have been missed. */
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

  /** A message came in; return whether it is new here. */
  add(message: Message): boolean {
    if (this.messages.value.some((one) => one.id === message.id)) return false
    this.merge([message])
    if (this.isSeen) void this.read()
    else this.unread.value += 1
    return true
  }

  /** Whether the person sees what comes in: the chat is open, and so is the tab. */
  get isSeen(): boolean {
    return this.isOpen && !this.isTabHidden()
  }

  /** The tab is on the screen again, or was hidden. */
  tabChanged(): void {
    if (this.isSeen && this.unread.value > 0) void this.read()
  }

  async send(text: string): Promise<void> {
    this.merge([await post<Message>("/chat/send", { sessionId: this.sessionId, message: text })])
  }

  /** The chat is on the screen from now on: what comes in is read. */
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
    const all = new Map([...this.messages.value, ...some].map((one) => [one.sequence, one]))
    this.messages.value = [...all.values()].sort((a, b) => a.sequence - b.sequence)
  }
}
