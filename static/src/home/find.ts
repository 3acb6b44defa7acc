// Which sessions the list of sessions shows, and in which order.
import { languageName } from "../lib/languages"
import type { Session } from "../types"

export const FILTERS = { all: "All", mine: "Mine", joined: "Joined", ended: "Ended" }
export const ORDERS = { active: "Last activity", created: "Newest", title: "Title" }

export interface Search {
  text: string
  filter: keyof typeof FILTERS
  order: keyof typeof ORDERS
}

export const EVERYTHING: Search = { text: "", filter: "all", order: "active" }

/** Whether the search leaves out some sessions. */
export const isNarrow = ({ text, filter }: Search) => text.trim() !== "" || filter !== "all"

const fits = (session: Session, filter: Search["filter"]) =>
  filter === "all" ||
  (filter === "ended"
    ? session.status === "ended"
    : (session.role === "owner") === (filter === "mine"))

/** Whether title, language and people together have each word of the text. */
function has(session: Session, text: string): boolean {
  const people = session.members.map((member) => member.username)
  const words = [session.title, languageName(session.language), ...people].join("\n").toLowerCase()
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => words.includes(word))
}

const ORDER: Record<Search["order"], (one: Session, other: Session) => number> = {
  active: (one, other) => Date.parse(other.lastActivityAt) - Date.parse(one.lastActivityAt),
  created: (one, other) => Date.parse(other.createdAt) - Date.parse(one.createdAt),
  title: (one, other) => one.title.localeCompare(other.title, undefined, { numeric: true }),
}

export const matching = (sessions: Session[], { text, filter, order }: Search): Session[] =>
  sessions
    .filter((session) => fits(session, filter) && has(session, text.trim()))
    .sort((one, other) => ORDER[order](one, other))
