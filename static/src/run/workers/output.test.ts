import { beforeEach, expect, it, vi } from "vitest"
import type { Piece } from "../protocol"
import { BATCHES_PER_S, Output } from "./output"

const sent: Piece[][] = []

const outputOf = (bytes?: number) => new Output((pieces) => sent.push(pieces), bytes)

beforeEach(() => {
  sent.length = 0
  vi.stubGlobal("self", globalThis)
  vi.useFakeTimers({ now: 0 })
})

it("sends text that is written before a loop without end, even right after the start", () => {
  const output = outputOf()
  output.write("out", "first\n")
  output.write("err", "second\n")
  expect(sent).toEqual([[{ to: "out", text: "first\n" }], [{ to: "err", text: "second\n" }]])
})

it("sends few batches a second, and the rest in one more batch", () => {
  const output = outputOf()
  for (let line = 0; line < 1000; line++) output.write("out", "x")
  expect(sent.length).toBe(BATCHES_PER_S)
  vi.advanceTimersByTime(1000)
  expect(sent.length).toBe(BATCHES_PER_S + 1)
  expect(
    sent
      .flat()
      .map(({ text }) => text)
      .join(""),
  ).toBe("x".repeat(1000))
})

it("cuts the output between two characters", () => {
  const output = outputOf(4)
  output.write("out", "aé€")
  expect([output.isCut, sent.flat()]).toEqual([true, [{ to: "out", text: "aé" }]])
})
