import { expect, it } from "vitest"
import type { Session } from "../types"
import { EVERYTHING, matching, isNarrow } from "./find"

const session = (title: string, created: number, fields: Partial<Session> = {}) =>
  ({
    title,
    language: "python",
    role: "owner",
    status: "open",
    members: [{ username: "Ada" }],
    createdAt: new Date(created).toISOString(),
    lastActivityAt: new Date(100 - created).toISOString(),
    ...fields,
  }) as Session

const SESSIONS = [
  session("Week 10", 1),
  session("Week 9", 2, { role: "editor", language: "java" }),
  session("Interview", 3, { status: "ended", members: [] }),
]
const titles = (search: Partial<typeof EVERYTHING>) =>
  matching(SESSIONS, { ...EVERYTHING, ...search }).map((session) => session.title)

it("finds all words in titles, languages and names of people", () => {
  expect(titles({ text: " week " })).toEqual(["Week 10", "Week 9"])
  expect(titles({ text: "PYTHON ada" })).toEqual(["Week 10"])
  expect(titles({ text: "java interview" })).toEqual([])
})

it("shows own, joined or ended sessions", () => {
  expect(titles({ filter: "mine" })).toEqual(["Week 10", "Interview"])
  expect(titles({ filter: "joined" })).toEqual(["Week 9"])
  expect(titles({ filter: "ended" })).toEqual(["Interview"])
})

it("sorts by activity, by age or by title", () => {
  expect(titles({})).toEqual(["Week 10", "Week 9", "Interview"])
  expect(titles({ order: "created" })).toEqual(["Interview", "Week 9", "Week 10"])
  expect(titles({ order: "title" })).toEqual(["Interview", "Week 9", "Week 10"])
})

it("says that a search is narrow if it leaves out some sessions", () => {
  expect(isNarrow({ ...EVERYTHING, text: " " })).toBe(false)
  expect(isNarrow({ ...EVERYTHING, filter: "mine" })).toBe(true)
})
