import { describe, expect, it } from "vitest"
import { type Pace, type Page, PAGE, Player, type Step } from "./player"
import { runAt } from "./output"
import { type Entry, marksOf, sequenceAt, track } from "./timeline"

const PACE: Pace = { speed: 1, skipsIdle: true }
const START = Date.parse("2026-01-01T00:00:00.000Z")

/**
 * A session in which each edit appends a digit. The edits are a second apart, but the fifth edit
 * comes an hour later.
 */
function server(total: number, asked: number[] = []) {
  const digit = (index: number) => String(index % 10)
  const time = (index: number) => START + index * 1000 + (index >= 4 ? 3_600_000 : 0)
  return (from: number, to: number): Promise<Page> => {
    asked.push(from)
    const steps = Array.from({ length: Math.min(total, to) - from }, (_, index): Step => {
      const number = from + index
      return [
        index ? time(number) - time(number - 1) : 0,
        number % 2,
        [[0, number, 0, digit(number)]],
      ]
    })
    const before = Array.from({ length: from }, (_, index) => digit(index)).join("")
    const authors = ["a", "b"].map((id) => ({ id, username: id, avatar: null }))
    return Promise.resolve({
      from,
      to: from + steps.length,
      at: new Date(time(from)).toISOString(),
      files: { main: before },
      roots: ["main"],
      authors,
      steps,
      others: [],
      names: [{ root: "main", name: "a.py", deleted: false }],
      renames: [{ step: 2, names: [{ root: "main", name: "b.py", deleted: true }] }],
    })
  }
}

describe("the player", () => {
  it("shows the text at any moment, forward and back", async () => {
    const player = new Player(25, server(25))
    expect((await player.seek(12)).files.main).toBe("012345678901")
    expect((await player.seek(3)).files.main).toBe("012")
    expect((await player.seek(0)).files.main).toBe("")
    expect((await player.seek(99)).sequence).toBe(25)
  })

  it("shows the name that each file had at the moment", async () => {
    const player = new Player(25, server(25))
    expect((await player.seek(2)).names.get("main")?.name).toBe("a.py")
    const later = (await player.seek(3)).names.get("main")
    expect(later).toEqual({ root: "main", name: "b.py", deleted: true })
    expect((await player.seek(0)).names.get("main")?.deleted).toBe(false)
  })

  it("plays texts whose names are properties of every object", async () => {
    const roots = ["__proto__", "constructor", "toString"]
    const steps = roots.map((_, index): Step => [0, 0, [[index, 0, 0, `text ${index}`]]])
    const authors = [{ id: "a", username: "a", avatar: null }]
    const page = {
      from: 0,
      to: 3,
      at: new Date(START).toISOString(),
      files: {},
      roots,
      authors,
      steps,
      others: [],
      names: [],
      renames: [],
    }
    const player = new Player(3, () => Promise.resolve(page))
    const { files } = await player.seek(3)
    expect(Object.entries(files)).toEqual(roots.map((root, index) => [root, `text ${index}`]))
    expect(Object.keys((await player.seek(1)).files)).toEqual(["__proto__"])
  })

  it("tells the author, the time and the place of each edit", async () => {
    const moment = await new Player(25, server(25)).seek(4)
    expect([moment.author?.id, moment.at, moment.root, moment.position]).toEqual([
      "b",
      START + 3000,
      "main",
      4,
    ])
  })

  it("plays in real time, faster, and skips idle time", async () => {
    const player = new Player(25, server(25))
    await player.seek(1)
    player.advance(999, PACE)
    expect(player.moment.value.sequence).toBe(1)
    player.advance(1, PACE)
    expect(player.moment.value.sequence).toBe(2)
    player.advance(125, { ...PACE, speed: 16 })
    expect(player.moment.value.sequence).toBe(4)
    player.advance(400, PACE)
    expect(player.moment.value.sequence).toBe(5)
    await player.seek(4)
    player.advance(400, { ...PACE, skipsIdle: false })
    expect(player.moment.value.sequence).toBe(4)
  })

  it("reads 100,000 edits in pages, and goes to any of them within a frame", async () => {
    const asked: number[] = []
    const player = new Player(100_000, server(100_000, asked))
    await player.seek(77_777)
    expect(asked).toEqual([76_000])
    expect(player.moment.value.files.main).toHaveLength(77_777)
    const began = performance.now()
    for (let at = 76_001; at <= 78_000; at += 37)
      expect((await player.seek(at)).files.main).toHaveLength(at)
    expect((performance.now() - began) / 54).toBeLessThan(16)
    expect(asked).toEqual([76_000])
  })

  it("crosses from one page to the next while it plays", async () => {
    const player = new Player(PAGE + 10, server(PAGE + 10))
    await player.seek(PAGE - 1)
    player.advance(1000, PACE)
    player.advance(1000, PACE)
    await player.seek(PAGE)
    await new Promise((done) => setTimeout(done))
    player.advance(1000, PACE)
    expect(player.moment.value.sequence).toBeGreaterThanOrEqual(PAGE)
    await player.seek(PAGE + 10)
    expect(player.moment.value.files.main).toHaveLength(PAGE + 10)
  })

  it("shows the last of several moments that are requested together", async () => {
    const player = new Player(5 * PAGE, server(5 * PAGE))
    await Promise.all([player.seek(9000), player.seek(10), player.seek(4321)])
    expect(player.moment.value.sequence).toBe(4321)
  })
})

const entry = (
  first: number,
  sequence: number,
  seconds: number,
  author = "a",
  paste?: number,
): Entry => ({
  first,
  sequence,
  author,
  inserted: 10,
  deleted: 0,
  ...(paste ? { paste } : {}),
  at: new Date(START + seconds * 1000).toISOString(),
  until: new Date(START + seconds * 1000 + 500).toISOString(),
})

describe("the timeline", () => {
  const entries = [entry(1, 10, 0), entry(11, 20, 60, "b", 150), entry(21, 40, 120)]

  it("finds the edit at a time", () => {
    expect([-1, 0, 61, 500].map((seconds) => sequenceAt(entries, START + seconds * 1000))).toEqual([
      0, 10, 20, 40,
    ])
  })

  it("marks versions, messages, pastes and redactions", () => {
    const at = new Date(START + 70_000).toISOString()
    const renamed = { change: "renamed", root: "f-1", name: "b.py", oldName: "a.py" }
    const marks = [
      { at, kind: "manual", version: 3, label: "works", sequence: 15 },
      { at, kind: "chat" },
      { at, kind: "run", sequence: 22, number: 1, outcome: "done" },
      { at, kind: "run", sequence: 22, number: 2, outcome: "timeout" },
      { at, kind: "redacted", sequence: 30, characters: 12 },
      { at, kind: "files", sequence: 31, count: 3, changes: [renamed] },
    ]
    const shown = marksOf({ sequence: 40, authors: [], entries, marks, next: null }, entries)
    expect(shown.map((mark) => [mark.kind, mark.sequence, mark.label])).toEqual([
      ["manual", 15, "saved 3: works"],
      ["chat", 20, "message"],
      ["paste", 20, "paste of 150 characters"],
      ["run", 22, "run 1: done"],
      ["run", 22, "run 2: too long"],
      ["redacted", 30, "12 characters taken out"],
      ["files", 31, "renamed a.py to b.py, and 2 more"],
    ])
    expect([21, 22, 40].map((sequence) => runAt(shown, sequence))).toEqual([null, 2, 2])
  })

  it("has a track for each person", () => {
    expect(track(entries, "b", 40, 4)).toEqual([0, 1, 0, 0])
    expect(track(entries, "a", 40, 4)[0]).toBe(1)
  })

  it("shows typing by hand next to a large paste", () => {
    const entry = (sequence: number, inserted: number) =>
      ({
        first: sequence,
        sequence,
        at: "",
        until: "",
        author: "a",
        inserted,
        deleted: 0,
      }) satisfies Entry
    const [paste = 0, typed = 0, letter = 0, none] = track(
      [entry(1, 190_000), entry(2, 40), entry(3, 1)],
      "a",
      4,
      4,
    )
    expect([paste, none]).toEqual([1, 0])
    expect(typed).toBeGreaterThan(0.25)
    expect(typed).toBeGreaterThan(letter)
    expect(letter).toBeGreaterThan(0)
  })
})
