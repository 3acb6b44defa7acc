// @vitest-environment happy-dom
import { afterEach, expect, it, vi } from "vitest"
import { RunClock } from "./clock"

afterEach(() => vi.useRealTimers())

function clockOf() {
  vi.useFakeTimers()
  const [tooLong, noLine] = [vi.fn(), vi.fn()]
  const clock = new RunClock(tooLong, noLine)
  clock.start(1000)
  return { clock, tooLong, noLine }
}

it("does not count the time in which a program waits for a person", () => {
  const { clock, tooLong } = clockOf()
  vi.advanceTimersByTime(600)
  clock.turn(true)
  vi.advanceTimersByTime(60_000)
  clock.turn(false)
  vi.advanceTimersByTime(399)
  expect(tooLong).not.toHaveBeenCalled()
  vi.advanceTimersByTime(1)
  expect(tooLong).toHaveBeenCalledTimes(1)
  expect(clock.end()).toBe(1000)
})

it("waits for a person for five minutes at most, in all waits together", () => {
  const { clock, noLine } = clockOf()
  for (const minutes of [3, 1]) {
    clock.turn(true)
    vi.advanceTimersByTime(minutes * 60_000)
    clock.turn(false)
  }
  clock.turn(true)
  vi.advanceTimersByTime(59_999)
  expect(noLine).not.toHaveBeenCalled()
  vi.advanceTimersByTime(1)
  expect(noLine).toHaveBeenCalledTimes(1)
})
