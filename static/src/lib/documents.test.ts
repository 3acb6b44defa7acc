import { expect, it } from "vitest"
import type { Document } from "../types"
import { contentOf, remarkOf } from "./documents"

const shown = (document: Document) => [contentOf(document), remarkOf(document)]

it.each<[Document, string, string]>([
  [{ type: "xml", value: "<p>one</p>", leftOut: null }, "<p>one</p>", ""],
  [{ type: "xml", value: "", leftOut: null }, "", "It is empty."],
  [{ type: "map", value: { a: 1 }, leftOut: null }, '{\n  "a": 1\n}', ""],
  [
    { type: "array", value: ["a"], leftOut: "attributes" },
    '[\n  "a"\n]',
    "It also has attributes, which are not shown.",
  ],
  [{ type: "array", value: null, leftOut: "too_large" }, "", "It is too large to be shown."],
  [{ type: "map", value: null, leftOut: "too_deep" }, "", "It is nested too deeply to be shown."],
  [{ type: "empty", value: null, leftOut: null }, "", "Everything in it was deleted."],
])("shows the content of %j, or says why it shows nothing", (document, content, remark) => {
  expect(shown(document)).toEqual([content, remark])
})
