import { expect, it } from "vitest"
import { SavedCounter } from "./saved"

const STEP_1 = Uint8Array.of(0, 0, 1, 0)
const STEP_2 = Uint8Array.of(0, 1, 2, 0, 0)
const UPDATE = Uint8Array.of(0, 2, 2, 0, 0)
const PRESENCE = Uint8Array.of(1, 1, 0)

it("says saved only when all sent messages are committed", () => {
  const counter = new SavedCounter()
  expect(counter.state(false)).toBe("connecting")
  counter.sent(STEP_1)
  expect(counter.state(true)).toBe("saving")
  counter.sent(STEP_2)
  expect(counter.state(true)).toBe("saving")
  counter.saved(1)
  expect(counter.state(false)).toBe("connecting")
  expect(counter.state(true)).toBe("saved")
  counter.sent(UPDATE)
  counter.sent(UPDATE)
  counter.sent(PRESENCE)
  counter.saved(2)
  expect(counter.state(true)).toBe("saving")
  counter.saved(3)
  expect(counter.state(true)).toBe("saved")
})

it("counts from 0 on a new connection", () => {
  const counter = new SavedCounter()
  counter.sent(STEP_2)
  counter.saved(1)
  counter.reset()
  expect(counter.state(true)).toBe("saving")
})

it("measures the time without a commit, not the time of typing", () => {
  let now = 0
  const counter = new SavedCounter(() => now)
  for (let second = 1; second <= 20; second++) {
    now = second * 1000
    counter.sent(UPDATE)
    counter.saved(second - 1)
  }
  expect(counter.waitedMs()).toBeLessThan(2000)
  now += 9000
  counter.sent(UPDATE)
  expect(counter.waitedMs()).toBeGreaterThan(8000)
  counter.saved(21)
  expect(counter.waitedMs()).toBe(0)
  now += 60_000
  counter.sent(UPDATE)
  expect(counter.waitedMs()).toBe(0)
})
