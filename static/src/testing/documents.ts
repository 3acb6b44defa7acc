/** Documents for tests, as the server sends them. */
import * as Y from "yjs"

/** Return a document that another client made, so that no root has a type yet. */
export function arrived(write: (doc: Y.Doc) => void): Y.Doc {
  const theirs = new Y.Doc()
  write(theirs)
  const doc = new Y.Doc()
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(theirs))
  return doc
}
