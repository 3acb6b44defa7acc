import { itemAt } from "../lib/lists"
import type { Person } from "../types"

/**
 * People's colours, the same as the server's. White text on each of them has a contrast of 4.5 or
 * more.
 */
const COLOURS = [
  "#c2410c",
  "#b45309",
  "#4d7c0f",
  "#047857",
  "#0e7490",
  "#1d4ed8",
  "#6d28d9",
  "#a21caf",
  "#be123c",
  "#57534e",
  "#0f766e",
  "#4338ca",
]

export function colourOf(id: string): string {
  let sum = 0
  for (const byte of new TextEncoder().encode(id)) sum += byte
  return itemAt(COLOURS, sum % COLOURS.length)
}

/** The first code point of a word. Half of a surrogate pair would be shown as a box. */
const firstCharacter = (word: string) => /^./su.exec(word)?.[0] ?? ""

export const initials = (name: string) =>
  name
    .split(/\s+/)
    .slice(0, 2)
    .map((word) => firstCharacter(word))
    .join("")
    .toUpperCase() || "?"

export function Avatar({ person, size = 28 }: { person: Omit<Person, "guest">; size?: number }) {
  const style = {
    width: `${size}px`,
    height: `${size}px`,
    backgroundColor: colourOf(person.id),
    fontSize: `${size * 0.36}px`,
  }
  return (
    <span class="avatar" style={style} aria-hidden="true">
      {person.avatar ? (
        <img src={person.avatar} alt="" width={size} height={size} />
      ) : (
        initials(person.username)
      )}
    </span>
  )
}
