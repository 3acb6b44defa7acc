import { expect, it } from "vitest"
import * as Y from "yjs"
import { Roots } from "./roots"
import { arrived } from "../../testing/documents"

it("distinguishes texts from other roots by any first content", () => {
  const doc = arrived((theirs) => {
    theirs.getText("text").insert(0, "a")
    theirs.getText("bold").insert(0, "a", { bold: true })
    theirs.getText("embed").insertEmbed(0, { image: "x" })
    theirs.getText("").insert(0, "without a name")
    theirs.getMap("__proto__").set("key", "value")
    theirs.getArray("list").push([1])
    theirs.getXmlFragment("page").push([new Y.XmlElement("p")])
    theirs.getText("cleared").insert(0, "a")
    theirs.getText("cleared").delete(0, 1)
  })
  const { texts, others } = new Roots(doc).read([])
  expect(texts.sort()).toEqual(["", "bold", "cleared", "codemirror", "embed", "text"])
  expect(others.sort()).toEqual(["__proto__", "list", "page"])
})

it("uses the server's answer for roots without content, and for roots that have not arrived yet", () => {
  const doc = arrived((theirs) => {
    theirs.getArray("list").push([1])
    theirs.getArray("list").delete(0, 1)
  })
  expect(new Roots(doc).read(["list", "later"])).toEqual({
    texts: ["codemirror"],
    others: ["list", "later"],
  })
})

it("keeps a root that this page has opened as a text", () => {
  const doc = new Y.Doc()
  doc.getText("new.py")
  expect(new Roots(doc).read(["new.py"])).toEqual({ texts: ["codemirror", "new.py"], others: [] })
})
