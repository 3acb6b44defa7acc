import { expect, it } from "vitest"
import * as Y from "yjs"
import { missingEdits, newSending } from "./bring"

/** Two documents with the same text, each with its own client id. */
function pair(): { theirs: Y.Doc; mine: Y.Doc } {
  const [theirs, mine] = [new Y.Doc(), new Y.Doc()]
  theirs.getText("main").insert(0, "one\ntwo\nthree\n")
  Y.applyUpdate(mine, Y.encodeStateAsUpdate(theirs))
  mine.getText("main")
  return { theirs, mine }
}

/** Make the edits that the other document does not have, as a new client. */
function bring(theirs: Y.Doc, mine: Y.Doc): void {
  missingEdits(theirs, mine).forEach((delta, root) => theirs.getText(root).applyDelta(delta))
}

it("finds no edits if the server has everything", () => {
  const { theirs, mine } = pair()
  theirs.getText("main").insert(0, "zero\n")
  expect(missingEdits(theirs, mine).size).toBe(0)
})

it("brings insertions and deletions in all texts, and keeps later edits of others", () => {
  const { theirs, mine } = pair()
  theirs.getText("main").insert(0, "zero\n")
  mine.getText("main").delete(4, 4)
  mine.getText("main").insert(10, "four 😀\n")
  mine.getText("other.py").insert(0, "x = 1")
  bring(theirs, mine)
  expect(theirs.getText("main").toJSON()).toBe("zero\none\nthree\nfour 😀\n")
  expect(theirs.getText("other.py").toJSON()).toBe("x = 1")
})

it("brings back text that a server lost because it was restored from a backup", () => {
  const { mine } = pair()
  const older = new Y.Doc()
  bring(older, mine)
  expect(older.getText("main").toJSON()).toBe("one\ntwo\nthree\n")
})

it("does not change roots that are not texts here", () => {
  const { theirs, mine } = pair()
  mine.getMap("map").set("key", 1)
  expect([...missingEdits(theirs, mine).keys()]).toEqual([])
})

it("adds a text only once, even if the first sending was not confirmed", () => {
  const { theirs, mine } = pair()
  mine.getText("main").insert(0, "zero 😀\n")
  const first = newSending(theirs, mine, null)
  for (const cameBefore of [true, false]) {
    const server = new Y.Doc()
    Y.applyUpdate(server, Y.encodeStateAsUpdate(theirs))
    if (cameBefore) Y.applyUpdate(server, first.update)
    Y.applyUpdate(server, newSending(server, mine, first).update)
    expect(server.getText("main").toJSON()).toBe("zero 😀\none\ntwo\nthree\n")
  }
})

it("does not send text a second time after the server has sent it back", () => {
  const { theirs, mine } = pair()
  mine.getText("main").insert(14, "four")
  const first = newSending(theirs, mine, null)
  Y.applyUpdate(theirs, first.update)
  Y.applyUpdate(mine, Y.encodeStateAsUpdate(theirs))
  expect(mine.getText("main").toJSON()).toBe("one\ntwo\nthree\nfourfour")
  mine.getText("main").insert(0, "zero\n")
  Y.applyUpdate(theirs, newSending(theirs, mine, first).update)
  expect(theirs.getText("main").toJSON()).toBe("zero\none\ntwo\nthree\nfour")
})

it("sends text that was typed after a sending, next to the text of others", () => {
  const { theirs, mine } = pair()
  mine.getText("main").insert(0, "zero 😀\n")
  const first = newSending(theirs, mine, null)
  Y.applyUpdate(theirs, first.update)
  theirs.getText("main").insert(0, "before\n")
  theirs.getText("main").insert(theirs.getText("main").length, "after\n")
  mine.getText("main").delete(8, 3)
  mine.getText("main").insert(8, "1 😁")
  mine.getText("other.py").insert(0, "x = 1")
  const second = newSending(theirs, mine, first)
  const third = newSending(theirs, mine, second)
  for (const { update } of [second, third]) Y.applyUpdate(theirs, update)
  expect(theirs.getText("main").toJSON()).toBe("before\nzero 😀\n1 😁\ntwo\nthree\nafter\n")
  expect(theirs.getText("other.py").toJSON()).toBe("x = 1")
})

it.each(Array.from({ length: 20 }, (_, number) => number))(
  "continues in the text that it sent, try %i",
  () => {
    const { theirs, mine } = pair()
    mine.getText("main").insert(14, "# mine")
    const first = newSending(theirs, mine, null)
    Y.applyUpdate(theirs, first.update)
    theirs.getText("main").insert(0, "zero\n")
    mine.getText("main").insert(20, ", and more")
    mine.getText("main").delete(16, 1)
    Y.applyUpdate(mine, Y.encodeStateAsUpdate(theirs))
    Y.applyUpdate(theirs, newSending(theirs, mine, first).update)
    expect(theirs.getText("main").toJSON()).toBe("zero\none\ntwo\nthree\n# ine, and more")
  },
)

it("brings the names of files, but replaces no later name", () => {
  const { theirs, mine } = pair()
  const name = (doc: Y.Doc, root: string, name: string) =>
    doc.getMap("files").set(root, { name, order: 1 })
  name(theirs, "f-1", "first.py")
  Y.applyUpdate(mine, Y.encodeStateAsUpdate(theirs))
  name(theirs, "f-1", "theirs.py")
  name(mine, "f-2", "mine.py")
  Y.applyUpdate(theirs, newSending(theirs, mine, null).update)

  expect(theirs.getMap("files").toJSON()).toEqual({
    "f-1": { name: "theirs.py", order: 1 },
    "f-2": { name: "mine.py", order: 1 },
  })
})
