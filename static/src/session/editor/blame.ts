// Who wrote each line, beside the line; asked for when it is wanted.
import type { Extension } from "@codemirror/state"
import { gutter, GutterMarker } from "@codemirror/view"
import { ApiError, get } from "../../api"
import { ago, full } from "../../lib/times"
import type { Blame, Person } from "../../types"
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
    element.className = "blame"
    element.style.borderColor = colourOf(this.person.id)
    element.textContent = `${this.isCarried ? "carried by " : ""}${this.person.username} · ${ago(this.at)}`
    element.title = this.isCarried
      ? `${full(this.at)}. Somebody else typed this, in a browser that has not confirmed it.`
      : full(this.at)
    return element
  }
}

export async function blameGutter(sessionId: string, root: string): Promise<Extension> {
  let found: Blame
  try {
    found = await get<Blame>(`/code/${sessionId}/blame?root=${encodeURIComponent(root)}`)
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) throw new Error("Nothing is written in this file yet.")
    throw error
  }
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
