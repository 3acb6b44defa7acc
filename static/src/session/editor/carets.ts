// Another person's cursor in a text: a line in their colour, and their name after the end of the
// line of text. Styles are set only by the CSSOM, because the content security policy forbids style
// attributes.
import type { Range, Text } from "@codemirror/state"
import { Decoration, EditorView, WidgetType } from "@codemirror/view"

/** The data of a person that a cursor shows. */
export interface Marked {
  id?: string
  name: string
  color: string
  avatar?: string | null
}

class Caret extends WidgetType {
  constructor(readonly user: Marked) {
    super()
  }

  override eq(other: Caret): boolean {
    return other.user.name === this.user.name && other.user.color === this.user.color
  }

  toDOM(): HTMLElement {
    const caret = document.createElement("span")
    caret.className = "cm-remote-caret"
    caret.style.borderColor = this.user.color
    // in a long line, the flag at the line's end may not be on the screen
    caret.title = this.user.name
    caret.setAttribute("aria-hidden", "true")
    return caret
  }

  override ignoreEvent(): boolean {
    return true
  }
}

/** The data of one cursor for its flag. head: the position of the cursor in the text. */
export interface Flagged {
  user: Marked
  head: number
}

/**
 * The data of a flag as a key. When the key changes, the flag is made again, so its name is visible
 * again.
 */
const keyOf = ({ user, head }: Flagged) =>
  JSON.stringify([user.id, user.name, user.color, user.avatar, head])

function flagOf(flagged: Flagged): HTMLElement {
  const { user } = flagged
  const flag = document.createElement("span")
  flag.className = "cm-remote-flag"
  flag.style.backgroundColor = user.color
  if (user.avatar) {
    const picture = document.createElement("img")
    picture.src = user.avatar
    picture.alt = ""
    flag.append(picture)
  }
  // the style sheet shows the name, so it is not part of the text and is not copied with it
  flag.dataset.name = user.name
  flag.dataset.key = keyOf(flagged)
  return flag
}

/**
 * The flags of all cursors in one line. They are after the end of the line, so they hide no text.
 */
class Flags extends WidgetType {
  constructor(readonly people: Flagged[]) {
    super()
  }

  override eq(other: Flags): boolean {
    return JSON.stringify(other.people.map(keyOf)) === JSON.stringify(this.people.map(keyOf))
  }

  toDOM(): HTMLElement {
    const anchor = document.createElement("span")
    anchor.className = "cm-remote-flags"
    anchor.setAttribute("aria-hidden", "true")
    const list = document.createElement("span")
    list.append(...this.people.map(flagOf))
    anchor.append(list)
    return anchor
  }

  /** Keep the flags that have not changed. A flag that is made again shows its name again. */
  override updateDOM(anchor: HTMLElement): boolean {
    const list = anchor.firstElementChild
    if (!list) return false
    while (list.children.length > this.people.length) list.lastElementChild?.remove()
    this.people.forEach((flagged, index) => {
      const old = list.children[index]
      if (!(old instanceof HTMLElement)) list.append(flagOf(flagged))
      else if (old.dataset.key !== keyOf(flagged)) old.replaceWith(flagOf(flagged))
    })
    return true
  }

  override ignoreEvent(): boolean {
    return true
  }
}

export const caretTheme = EditorView.baseTheme({
  ".cm-remote-caret": {
    display: "inline-block",
    height: "1.25em",
    verticalAlign: "text-bottom",
    position: "relative",
    borderLeft: "2px solid",
    marginLeft: "-1px",
    marginRight: "-1px",
  },
  // the width is 0, so that flags never wrap a line
  ".cm-remote-flags": {
    display: "inline-block",
    width: "0",
    height: "1.25em",
    verticalAlign: "text-bottom",
    position: "relative",
    pointerEvents: "none",
  },
  ".cm-remote-flags > span": {
    position: "absolute",
    left: "8px",
    top: "0",
    height: "100%",
    display: "flex",
    gap: "4px",
    alignItems: "center",
  },
  ".cm-remote-flag": {
    padding: "0 5px",
    borderRadius: "4px",
    color: "var(--on-person)",
    font: "600 10px/1.5 system-ui, sans-serif",
    whiteSpace: "nowrap",
    display: "flex",
    gap: "4px",
    alignItems: "center",
    animation: "cm-flag-fades 1s 3s forwards",
  },
  "@keyframes cm-flag-fades": { to: { opacity: "0" } },
  "@media (prefers-reduced-motion: reduce)": {
    ".cm-remote-flag": { animation: "none", opacity: "0.85" },
  },
  ".cm-remote-flag::after": { content: "attr(data-name)" },
  ".cm-remote-flag img": { width: "12px", height: "12px", borderRadius: "50%" },
  // a flag at the right edge would make wrapped text scroll sideways
  ".cm-content.cm-lineWrapping": { overflowX: "clip" },
})

/** Orders the widgets at one position: the flags come after the carets. */
const FLAGS_SIDE = 2

/**
 * The decorations for cursors: a caret for each cursor, and one widget of flags for each line with
 * cursors. side: -1 for a caret at the end of a selection, and 1 for any other caret.
 */
export function caretRanges(
  doc: Text,
  carets: (Flagged & { side: number })[],
): Range<Decoration>[] {
  const ranges: Range<Decoration>[] = []
  const lines = new Map<number, Flagged[]>()
  for (const { user, head, side } of carets) {
    ranges.push(Decoration.widget({ side, widget: new Caret(user) }).range(head))
    const { to } = doc.lineAt(head)
    lines.set(to, [...(lines.get(to) ?? []), { user, head }])
  }
  for (const [end, people] of lines)
    ranges.push(Decoration.widget({ side: FLAGS_SIDE, widget: new Flags(people) }).range(end))
  return ranges
}
