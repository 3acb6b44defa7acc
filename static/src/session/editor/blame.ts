// The author of each line, next to the line. It is requested only when people switch it on.
import type { Extension } from "@codemirror/state"
import { gutter, GutterMarker } from "@codemirror/view"
import { ApiError, get } from "../../api"
import { ago, full } from "../../lib/times"
import type { Blame, Person } from "../../types"
import { tell } from "../../ui/announce"
import { colourOf } from "../../ui/avatar"

class Author extends GutterMarker {
  constructor(
    readonly person: Person,
    readonly at: string,
    readonly isCarried: boolean,
  ) {
    super()
  }

  override eq(other: Author): boolean {
    return other.person.id === this.person.id && other.at === this.at && other.isCarried === this.isCarried
  }

  override toDOM(): HTMLElement {
    const element = document.createElement("span")
    element.className = this.isCarried ? "blame carried" : "blame"
    element.style.borderColor = colourOf(this.person.id)
    const name = document.createElement("bdi")
    name.textContent = this.person.username
    element.append(this.isCarried ? "via " : "", name, ` · ${ago(this.at)}`)
    const { username } = this.person
    element.title = `${username}, ${full(this.at)}${this.isCarried ? `. ${username}'s browser sent this. ${ABOUT_CARRIED}` : ""}`
    return element
  }
}

const ABOUT_CARRIED = "Somebody else typed it, and their browser has not been back to confirm it."

export async function blameGutter(sessionId: string, root: string): Promise<Extension> {
  let found: Blame
  try {
    found = await get<Blame>(`/code/${sessionId}/blame?root=${encodeURIComponent(root)}`)
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) throw new Error("Nothing is written in this file yet.")
    throw error
  }
  if (found.lines.some((one) => one.carried))
    tell(`A line marked “via” was sent by that person's browser. ${ABOUT_CARRIED}`)
  const people = new Map(found.authors.map((one) => [one.id, one]))
  const byLine = new Map(found.lines.map((one) => [one.line, one]))
  return gutter({
    class: "cm-blame",
    lineMarker(view, block) {
      const line = view.state.doc.lineAt(block.from)
      const known = byLine.get(line.number)
      const person = known?.author ? people.get(known.author) : undefined
      return person && known?.at && known.text === line.text ? new Author(person, known.at, known.carried) : null
    },
    lineMarkerChange: (update) => update.docChanged,
  })
}
