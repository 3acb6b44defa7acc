import { expect, it } from "vitest"
import { withoutFrames } from "./webrtc"

it.each([
  ["<p>a text</p>", "<p>a text</p>"],
  ["<iframe srcdoc='x'>", "<iframe src_doc='x'>"],
  ["<IFRAME SrcDoc=x>", "<IFRAME src_doc=x>"],
  ["<iframe srcsrcdocdoc=x>", "<iframe srcsrc_docdoc=x>"],
  ["<iframe src", "<iframe src\0"],
  ["<iframe sRcDo", "<iframe sRcDo\0"],
  ["<b>yes", "<b>yes\0"],
])("takes the texts of frames out of %j", (markup, safe) => {
  expect(withoutFrames(markup)).toBe(safe)
})
