// The author of each line, shown next to the line. Requested only when the user switches it on.
import type { Extension, Text } from "@codemirror/state"
import { gutter, GutterMarker } from "@codemirror/view"
import { ApiError, get } from "../../api"
import { ago, full } from "../../lib/times"
import type { Blame, Person } from "../../types"
import { tell } from "../../ui/announce"
import { colourOf } from "../../ui/avatar"

type Line = ReturnType<Text["line"]>

class Author extends GutterMarker {
  /** isSame: the line before has the same author and time, so the name is not repeated */
  constructor(
    readonly person: Person,
    readonly at: string,
    readonly isCarried: boolean,
    readonly isSame: boolean,
  ) {
    super()
  }

  override eq(other: Author): boolean {
    return (
      other.person.id === this.person.id &&
      other.at === this.at &&
      other.isCarried === this.isCarried &&
      other.isSame === this.isSame
    )
  }

  override toDOM(): HTMLElement {
    const element = document.createElement("span")
    element.className = this.isCarried ? "blame carried" : "blame"
    element.style.borderColor = colourOf(this.person.id)
    const { username } = this.person
    const name = document.createElement("bdi")
    name.textContent = username
    if (!this.isSame) element.append(this.isCarried ? "via " : "", name, ` · ${ago(this.at)}`)
    element.title = `${username}, ${full(this.at)}${this.isCarried ? `. ${username}'s browser sent this. ${ABOUT_CARRIED}` : ""}`
    return element
  }
}

const ABOUT_CARRIED = "Somebody else typed it, and their browser has not been back to confirm it."

export async function blameGutter(sessionId: string, root: string): Promise<Extension> {
  let blame: Blame
  try {
    blame = await get<Blame>(`/code/${sessionId}/blame?root=${encodeURIComponent(root)}`)
  } catch (error) {
    if (error instanceof ApiError && error.status === 404)
      throw new Error("Nothing is written in this file yet.")
    throw error
  }
  if (blame.lines.some((line) => line.carried))
    tell(`A line marked “via” was sent by that person's browser. ${ABOUT_CARRIED}`)
  const people = new Map(blame.authors.map((author) => [author.id, author]))
  const byLine = new Map(blame.lines.map((line) => [line.line, line]))
  /** The author of a line, or null if the line has changed since the server was asked. */
  const authorOf = ({ number, text }: Line) => {
    const known = byLine.get(number)
    const person = known?.author ? people.get(known.author) : undefined
    return person && known?.at && known.text === text
      ? { person, at: known.at, carried: known.carried }
      : null
  }
  const isSame = (one: ReturnType<typeof authorOf>, other: ReturnType<typeof authorOf>) =>
    one?.person === other?.person &&
    one?.carried === other?.carried &&
    ago(one?.at ?? "") === ago(other?.at ?? "")
  return gutter({
    class: "cm-blame",
    lineMarker(view, block) {
      const { doc } = view.state
      const line = doc.lineAt(block.from)
      const author = authorOf(line)
      if (!author) return null
      const before = line.number > 1 ? authorOf(doc.line(line.number - 1)) : null
      return new Author(author.person, author.at, author.carried, isSame(author, before))
    },
    lineMarkerChange: (update) => update.docChanged,
  })
}
