import type { ComponentChildren, TargetedEvent } from "preact"
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks"
import { words } from "../../api"
import { linkedParts } from "../../lib/addresses"
import { clock, full } from "../../lib/times"
import type { Message } from "../../types"
import { Avatar } from "../../ui/avatar"
import { Failure } from "../../ui/problem"
import type { ChatLog } from "./chatlog"

/** A message's text, with ``` fences and `code` as elements. It is never used as HTML. */
function Words({ text }: { text: string }) {
  const parts = text.split(/```(?:[\w+#-]*\n)?([\s\S]*?)```/)
  return (
    <>
      {parts.map((part, index) =>
        index % 2 ? (
          <pre key={index} tabIndex={0}>
            <code>{part.replace(/\n$/, "")}</code>
          </pre>
        ) : (
          part.trim() && (
            <p key={index} dir="auto">
              <Inline text={part.trim()} />
            </p>
          )
        ),
      )}
    </>
  )
}

function Inline({ text }: { text: string }) {
  return (
    <>
      {text
        .split(/`([^`\n]+)`/)
        .map((part, index) =>
          index % 2 ? <code key={index}>{part}</code> : <Linked key={index} text={part} />,
        )}
    </>
  )
}

/** Text with its web addresses as links. They open another tab, so this tab keeps the session. */
function Linked({ text }: { text: string }) {
  return (
    <>
      {linkedParts(text).map((part, index) =>
        part.href ? (
          <a key={index} href={part.href} target="_blank" rel="noopener noreferrer nofollow">
            {part.text}
          </a>
        ) : (
          part.text
        ),
      )}
    </>
  )
}

export function ChatMessage({ message, follows }: { message: Message; follows: boolean }) {
  // a damaged message has no known sender and no known time
  if (message.damaged)
    return <li class="quiet">A message here is damaged on the server and cannot be read.</li>
  return (
    <li class={follows ? "message follows" : "message"}>
      {!follows && <Avatar person={message.sender} size={24} />}
      <div>
        {!follows && (
          <p class="message-head">
            <strong>
              <bdi>{message.sender.username}</bdi>
            </strong>
            {message.sender.guest && <span class="tag">guest</span>}
            <time dateTime={message.timestamp} title={full(message.timestamp)}>
              {clock(message.timestamp)}
            </time>
          </p>
        )}
        <Words text={message.message} />
      </div>
    </li>
  )
}

function List({ log }: { log: ChatLog }) {
  const list = useRef<HTMLOListElement>(null)
  const atEnd = useRef(true)
  const items = log.messages.value
  useLayoutEffect(() => {
    if (atEnd.current && list.current) list.current.scrollTop = list.current.scrollHeight
  }, [items])
  const scrolled = (event: TargetedEvent<HTMLOListElement>) => {
    const { scrollTop, scrollHeight, clientHeight } = event.currentTarget
    atEnd.current = scrollHeight - scrollTop - clientHeight < 40
  }
  return (
    <ol class="messages plain" ref={list} onScroll={scrolled} tabIndex={0} aria-label="Messages">
      {log.older.value && (
        <li class="older">
          <button type="button" onClick={() => void log.loadOlder()}>
            Older messages
          </button>
        </li>
      )}
      {items.length === 0 && <li class="quiet">No messages yet. Say hello.</li>}
      {items.map((message, index) => {
        const before = items[index - 1]
        const follows =
          before?.sender.id === message.sender.id &&
          Date.parse(message.timestamp) - Date.parse(before.timestamp) < 180_000
        return <ChatMessage key={message.id} message={message} follows={follows} />
      })}
    </ol>
  )
}

interface Props {
  log: ChatLog
  /** why this page cannot send messages; "" if it can */
  closed: string
  isOffline: boolean
  typing: string[]
  onTyping: (is: boolean) => void
  /** the content that is shown if there are no messages */
  start: ComponentChildren
}

export function Chat({ log, closed, isOffline, typing, onTyping, start }: Props) {
  const [text, setText] = useState("")
  const [problem, setProblem] = useState("")
  useEffect(() => {
    log.open()
    return () => {
      log.close()
      onTyping(false)
    }
  }, [log, onTyping])
  // a message that failed without a connection can be sent again when the connection is back
  useEffect(() => {
    if (!isOffline) setProblem("")
  }, [isOffline])
  const send = async () => {
    if (!text.trim()) return
    setProblem("")
    setText("")
    onTyping(false)
    try {
      await log.send(text)
    } catch (error) {
      // keep text that was typed meanwhile
      setText((since) => (since ? `${text}\n${since}` : text))
      setProblem(words(error))
    }
  }
  const typed = (event: TargetedEvent<HTMLTextAreaElement>) => {
    setText(event.currentTarget.value)
    setProblem("")
    onTyping(event.currentTarget.value !== "")
  }
  const pressed = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return
    event.preventDefault()
    void send()
  }
  return (
    <section class="panel chat" aria-label="Chat">
      {start && log.messages.value.length === 0 ? start : <List log={log} />}
      <p class="typing" aria-live="off">
        {typing.length > 0 && `${typing.join(", ")} ${typing.length === 1 ? "is" : "are"} typing…`}
      </p>
      <Failure text={problem} />
      {closed ? (
        <p class="quiet">{closed}</p>
      ) : (
        <form
          class="composer"
          onSubmit={(event) => {
            event.preventDefault()
            void send()
          }}
        >
          <textarea
            aria-label="Message"
            dir="auto"
            placeholder="Message. ``` for code, Shift+Enter for a new line"
            rows={2}
            maxLength={4000}
            value={text}
            onInput={typed}
            onKeyDown={pressed}
          />
          <button type="submit" class="primary">
            Send
          </button>
        </form>
      )}
    </section>
  )
}
