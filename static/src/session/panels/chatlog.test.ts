import { beforeEach, expect, it, vi } from "vitest"
import { get, post } from "../../api"
import type { Message } from "../../types"
import { ChatLog } from "./chatlog"

vi.mock("../../api", () => ({ get: vi.fn(), post: vi.fn() }))

const message = (sequence: number): Message => ({
  id: `m${sequence}`,
  sessionId: "s",
  sequence,
  sender: { id: "a", username: "ada", avatar: null, guest: false },
  message: `said ${sequence}`,
  timestamp: "2026-01-01T00:00:00.000Z",
})
const shown = (log: ChatLog) => log.messages.value.map((message) => message.sequence)

beforeEach(() => {
  vi.mocked(get).mockReset()
  vi.mocked(post).mockReset().mockResolvedValue(undefined)
})

it("keeps messages in the server's order, each once", () => {
  const log = new ChatLog("s", 0)
  expect([3, 1, 2, 3].map((sequence) => log.add(message(sequence)))).toEqual([
    true,
    true,
    true,
    false,
  ])
  expect(shown(log)).toEqual([1, 2, 3])
})

it("counts messages while the chat is closed, and marks them as read when it opens", () => {
  const log = new ChatLog("s", 2)
  log.add(message(1))
  expect(log.unread.value).toBe(3)
  log.open()
  log.add(message(2))
  expect(log.unread.value).toBe(0)
  log.close()
  log.add(message(3))
  expect(log.unread.value).toBe(1)
  expect(vi.mocked(post).mock.calls).toEqual([["/chat/s/read"], ["/chat/s/read"]])
})

it("keeps the position of older pages after the newest page is loaded again", async () => {
  const log = new ChatLog("s", 0)
  vi.mocked(get).mockResolvedValueOnce({ messages: [message(3), message(4)], next: "3" })
  await log.load()
  vi.mocked(get).mockResolvedValueOnce({ messages: [message(1), message(2)], next: null })
  await log.loadOlder()
  expect(vi.mocked(get)).toHaveBeenLastCalledWith("/chat/s?limit=50&before=3")
  vi.mocked(get).mockResolvedValueOnce({ messages: [message(4), message(5)], next: "4" })
  await log.load()
  expect(shown(log)).toEqual([1, 2, 3, 4, 5])
  expect(log.older.value).toBeNull()
})

it("shows a sent message only after the server has taken it", async () => {
  const log = new ChatLog("s", 0)
  vi.mocked(post).mockRejectedValueOnce(new Error("no"))
  await expect(log.send("hello")).rejects.toThrow("no")
  expect(shown(log)).toEqual([])
  vi.mocked(post).mockResolvedValueOnce(message(1))
  await log.send("hello")
  expect(shown(log)).toEqual([1])
})

it("counts messages while the tab is hidden, and marks them as read when it is shown", () => {
  let isHidden = true
  const log = new ChatLog("s", 0, () => isHidden)
  log.open()
  log.add(message(1))
  log.tabChanged()
  expect([log.unread.value, log.isSeen, vi.mocked(post).mock.calls.length]).toEqual([1, false, 0])

  isHidden = false
  log.tabChanged()

  expect([log.unread.value, log.isSeen, vi.mocked(post).mock.calls.length]).toEqual([0, true, 1])
})
