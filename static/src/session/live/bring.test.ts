import { expect, it } from "vitest"
import * as Y from "yjs"
import { missingEdits } from "./bring"

/** Two documents that have the same text, under ids of their own. */
function pair(): { theirs: Y.Doc; mine: Y.Doc } {
  const [theirs, mine] = [new Y.Doc(), new Y.Doc()]
  theirs.getText("main").insert(0, "one\ntwo\nthree\n")
  Y.applyUpdate(mine, Y.encodeStateAsUpdate(theirs))
  mine.getText("main")
  return { theirs, mine }
}

/** Make the edits in the other document, as a new client. */
function bring(theirs: Y.Doc, mine: Y.Doc): void {
  missingEdits(theirs, mine).forEach((delta, root) => theirs.getText(root).applyDelta(delta))
}

it("finds nothing where the server has everything", () => {
  const { theirs, mine } = pair()
  theirs.getText("main").insert(0, "zero\n")
  expect(missingEdits(theirs, mine).size).toBe(0)
})

it("brings insertions and deletions in all texts, and keeps what others did meanwhile", () => {
  const { theirs, mine } = pair()
  theirs.getText("main").insert(0, "zero\n")
  mine.getText("main").delete(4, 4)
  mine.getText("main").insert(10, "four 😀\n")
  mine.getText("other.py").insert(0, "x = 1")
  bring(theirs, mine)
  expect(theirs.getText("main").toJSON()).toBe("zero\none\nthree\nfour 😀\n")
  expect(theirs.getText("other.py").toJSON()).toBe("x = 1")
})

it("brings text again that is missing in a server whose backup was put back", () => {
  const { mine } = pair()
  const older = new Y.Doc()
  bring(older, mine)
  expect(older.getText("main").toJSON()).toBe("one\ntwo\nthree\n")
})

it("leaves alone what is no text here", () => {
  const { theirs, mine } = pair()
  mine.getMap("map").set("key", 1)
  expect([...missingEdits(theirs, mine).keys()]).toEqual([])
})
