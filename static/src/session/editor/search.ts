// Search and replace in the text, the line to go to, and marks of the words that equal the selected
// one. An editor loads this part when it is first used, because reading a text does not need it.
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search"
import type { Extension } from "@codemirror/state"
import { keymap } from "@codemirror/view"

export { openSearchPanel } from "@codemirror/search"

export const search: Extension = [highlightSelectionMatches(), keymap.of(searchKeymap)]
