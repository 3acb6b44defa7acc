// The chat messages that existed at the moment that a replay shows.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks"
import { get } from "../api"
import { ChatMessage } from "../session/panels/chat"
import type { Message } from "../types"
import { cancellable } from "../ui/cancellable"

/** The largest number of messages that are shown. An exported replay has the same limit. */
const MOST = 500
const PAGE = 100

async function readChat(id: string): Promise<Message[]> {
  let messages: Message[] = []
  let before = ""
  while (messages.length < MOST) {
    const page = await get<{ messages: Message[]; next: string | null }>(
      `/chat/${id}?limit=${PAGE}${before}`,
    )
    messages = [...page.messages, ...messages]
    if (page.next === null) break
    before = `&before=${page.next}`
  }
  return messages
}

interface Props {
  id: string
  /** the time of the shown moment, in Unix milliseconds */
  at: number
  /** whether the replay is at the last edit, so that messages after it are shown, too */
  isAtEnd: boolean
}

export function Talk({ id, at, isAtEnd }: Props) {
  const [messages, setMessages] = useState<Message[]>([])
  const list = useRef<HTMLOListElement>(null)
  // without the chat, the replay is still useful, so an error is ignored
  useEffect(() => cancellable(readChat(id), setMessages, () => undefined), [id])
  const said = messages.filter((message) => isAtEnd || Date.parse(message.timestamp) <= at)
  useLayoutEffect(() => {
    if (list.current) list.current.scrollTop = list.current.scrollHeight
  }, [said.length])
  if (messages.length === 0) return null
  return (
    <aside class="talk" aria-label="Chat at this moment">
      <h2>Chat</h2>
      <ol class="messages plain" ref={list} tabIndex={0} aria-label="Messages">
        {said.length === 0 && <li class="quiet">Nothing was said yet.</li>}
        {said.map((message) => (
          <ChatMessage key={message.id} message={message} follows={false} />
        ))}
      </ol>
    </aside>
  )
}
