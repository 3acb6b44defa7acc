// @vitest-environment happy-dom
import { expect, it } from "vitest"
import { isRun } from "./shortcuts"

it.each([
  ['<div class="cm-editor"><div id="focused"></div></div>', true],
  ['<section class="run-panel"><textarea id="focused"></textarea></section>', true],
  ['<input id="focused" aria-label="Name of the new file">', false],
  ['<aside class="side"><textarea id="focused"></textarea></aside>', false],
])("knows whether Ctrl+Enter in %s runs the file", (html, runs) => {
  document.body.innerHTML = html
  const results: boolean[] = []
  const heard = (event: KeyboardEvent) => results.push(isRun(event))
  document.addEventListener("keydown", heard, { once: true })
  const pressed = { key: "Enter", ctrlKey: true, bubbles: true }
  document.querySelector("#focused")?.dispatchEvent(new KeyboardEvent("keydown", pressed))
  expect(results).toEqual([runs])
})
