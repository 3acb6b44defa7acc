import { afterEach, beforeEach, expect, it, vi } from "vitest"
import { Line, PATIENCE_MS, SETTLED_MS } from "./line"
import { BLOCKED, type Trouble } from "./trouble"

const RESTART: [number, string] = [1012, '{"code":"restart","message":"The server restarts."}']
const FULL: [number, string] = [4529, '{"code":"too_many","message":"Too many connections."}']
const SLOW: [number, string] = [
  1013,
  '{"code":"too_slow","message":"Your connection was too slow for all that happens here."}',
]

const probe = vi.fn<() => Promise<Trouble>>()
let line: Line
const told = () => line.trouble.value?.message ?? ""

beforeEach(() => {
  vi.useFakeTimers()
  probe.mockReset().mockResolvedValue(BLOCKED)
  line = new Line(probe)
})
afterEach(() => vi.useRealTimers())

it("shows immediately why a session does not open", () => {
  line.closed(...FULL)
  expect(told()).toBe("Too many connections.")
})

it("shows nothing about a short restart", () => {
  line.synced()
  vi.advanceTimersByTime(SETTLED_MS)
  line.closed(...RESTART)
  vi.advanceTimersByTime(500)
  line.synced()
  vi.advanceTimersByTime(PATIENCE_MS + SETTLED_MS)
  expect(told()).toBe("")
})

it("shows why a longer loss happened, until all is saved or the new connection has lasted", () => {
  line.good()
  line.closed(...RESTART)
  vi.advanceTimersByTime(PATIENCE_MS)
  expect(told()).toBe("The server restarts.")
  line.synced()
  expect(told()).toBe("The server restarts.")
  vi.advanceTimersByTime(SETTLED_MS)
  expect(told()).toBe("")
  line.closed(...FULL)
  vi.advanceTimersByTime(PATIENCE_MS)
  line.good()
  expect(told()).toBe("")
})

it("shows the reason if the server closes each connection after the synchronization", () => {
  line.good()
  for (let time = 0; time < PATIENCE_MS; time += 500) {
    line.synced()
    line.closed(...SLOW)
    vi.advanceTimersByTime(500)
  }
  expect(told()).toBe("Your connection was too slow for all that happens here.")
})

it("shows immediately a reason on which the user has to act", () => {
  line.good()
  line.closed(4403, '{"code":"removed","message":"The owner removed you."}')
  expect(told()).toBe("The owner removed you.")
})

it("looks for the reason after three failures in a row, and again after more failures", async () => {
  line.failed()
  line.failed()
  expect(probe).not.toHaveBeenCalled()
  line.failed()
  await vi.advanceTimersByTimeAsync(0)
  expect(told()).toBe(BLOCKED.message)
  for (let time = 0; time < 10; time++) line.failed()
  expect(probe).toHaveBeenCalledTimes(2)
})

it("counts failures from 0 after a connection, and drops a late answer", async () => {
  let answer: (trouble: Trouble) => void = () => undefined
  probe.mockReturnValue(new Promise((go) => (answer = go)))
  for (let time = 0; time < 3; time++) line.failed()
  line.synced()
  answer(BLOCKED)
  await vi.advanceTimersByTimeAsync(0)
  expect(told()).toBe("")
})

it("shows immediately that the device has no network, until the network is back", () => {
  line.good()
  line.offline()
  expect(told()).toBe("Offline: this device has no network.")
  line.synced()
  vi.advanceTimersByTime(SETTLED_MS)
  expect(told()).toBe("")
})

it("still shows a reason that does not depend on the device's network", () => {
  line.closed(4403, '{"code":"removed","message":"The owner removed you from this session."}')
  line.offline()
  expect(told()).toBe("The owner removed you from this session.")
})
