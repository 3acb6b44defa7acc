// CodeMirror's configuration: the parts of every editor, and slots for parts that can change.
import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from "@codemirror/autocomplete"
import { defaultKeymap, indentWithTab } from "@codemirror/commands"
import {
  bracketMatching,
  foldGutter,
  foldKeymap,
  HighlightStyle,
  indentOnInput,
  indentUnit,
  syntaxHighlighting,
} from "@codemirror/language"
import { Compartment, EditorState, type Extension } from "@codemirror/state"
import {
  drawSelection,
  dropCursor,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
} from "@codemirror/view"
import { tags } from "@lezer/highlight"
import type * as Y from "yjs"
import { loadPart } from "../../lib/upgrade"
import { tell } from "../../ui/announce"

// colours are CSS variables of the page, so that a change of theme needs no new editor
export const highlight = syntaxHighlighting(
  HighlightStyle.define([
    { tag: [tags.keyword, tags.operatorKeyword, tags.modifier], color: "var(--syn-keyword)" },
    { tag: [tags.string, tags.special(tags.string), tags.regexp], color: "var(--syn-string)" },
    { tag: [tags.number, tags.bool, tags.null, tags.atom], color: "var(--syn-number)" },
    { tag: [tags.comment, tags.meta], color: "var(--syn-comment)", fontStyle: "italic" },
    {
      tag: [tags.function(tags.variableName), tags.function(tags.propertyName)],
      color: "var(--syn-function)",
    },
    {
      tag: [tags.typeName, tags.className, tags.namespace, tags.tagName],
      color: "var(--syn-type)",
    },
    { tag: [tags.propertyName, tags.attributeName], color: "var(--syn-property)" },
    { tag: tags.heading, fontWeight: "bold", color: "var(--syn-keyword)" },
    { tag: [tags.link, tags.url], color: "var(--syn-function)", textDecoration: "underline" },
  ]),
)

export const look = EditorView.theme({
  "&": { height: "100%", backgroundColor: "var(--bg)", color: "var(--text)" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.55", overflow: "auto" },
  ".cm-content": { caretColor: "var(--text)", padding: "10px 0" },
  ".cm-gutters": { backgroundColor: "var(--bg)", color: "var(--faint)", border: "none" },
  ".cm-activeLine": { backgroundColor: "var(--line-active)" },
  ".cm-activeLineGutter": { backgroundColor: "transparent", color: "var(--text)" },
  "&.cm-focused": { outline: "none" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground":
    {
      backgroundColor: "var(--selection) !important",
    },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  ".cm-panels": {
    backgroundColor: "var(--panel)",
    color: "var(--text)",
    borderColor: "var(--line)",
  },
  ".cm-panel, .cm-panel.cm-search label": { fontSize: "13px" },
  ".cm-panel.cm-search, .cm-dialog": { padding: "8px 36px 8px 12px" },
  ".cm-panel.cm-search [name=close], .cm-dialog-close": {
    top: "8px",
    right: "10px",
    fontSize: "18px",
    color: "var(--faint)",
    cursor: "pointer",
  },
  ".cm-textfield, .cm-panel input:not([type=checkbox])": {
    padding: "4px 8px",
    border: "1px solid var(--line-strong)",
    borderRadius: "6px",
    backgroundColor: "var(--bg)",
    backgroundImage: "none",
    color: "var(--text)",
    fontSize: "13px",
  },
  ".cm-button": {
    padding: "4px 10px",
    border: "1px solid var(--line-strong)",
    borderRadius: "6px",
    backgroundColor: "var(--bg)",
    backgroundImage: "none",
    color: "var(--text)",
    fontSize: "13px",
  },
  ".cm-button:active": { backgroundColor: "var(--line-active)", backgroundImage: "none" },
  ".cm-vim-panel": { padding: "4px 12px", fontFamily: "var(--mono)" },
  // Matches have an outline, and a background on which every syntax colour can be read.
  ".cm-searchMatch": { backgroundColor: "var(--line-active)", outline: "1px solid var(--warn)" },
  ".cm-searchMatch-selected": {
    backgroundColor: "var(--line-active)",
    outline: "2px solid var(--warn)",
  },
  ".cm-selectionMatch": {
    backgroundColor: "var(--line-active)",
    outline: "1px solid var(--line-strong)",
  },
  "&.cm-focused .cm-matchingBracket": {
    backgroundColor: "transparent",
    outline: "1px solid var(--line-strong)",
  },
  "&.cm-focused .cm-nonmatchingBracket": {
    backgroundColor: "transparent",
    outline: "1px solid var(--danger)",
  },
  ".cm-tooltip": {
    backgroundColor: "var(--panel)",
    color: "var(--text)",
    border: "1px solid var(--line)",
  },
  ".cm-foldPlaceholder": {
    backgroundColor: "var(--panel)",
    color: "var(--faint)",
    borderColor: "var(--line)",
  },
})

export const slots = {
  name: new Compartment(),
  language: new Compartment(),
  keys: new Compartment(),
  search: new Compartment(),
  tabs: new Compartment(),
  wraps: new Compartment(),
  font: new Compartment(),
  writable: new Compartment(),
  blame: new Compartment(),
  caret: new Compartment(),
  theme: new Compartment(),
}

export const tabs = (size: number) => [
  EditorState.tabSize.of(size),
  indentUnit.of(" ".repeat(size)),
]
/** The theme for colours that CodeMirror sets itself, such as matches, brackets and panels. */
export const dark = (is: boolean) => EditorView.darkTheme.of(is)
export const font = (size: number) => EditorView.theme({ "&": { fontSize: `${size}px` } })
/** Whether a text can be edited. A read-only text also takes the focus, so keys can scroll it. */
export const writable = (is: boolean) => [
  EditorView.editable.of(is),
  EditorState.readOnly.of(!is),
  EditorView.contentAttributes.of({ tabindex: "0" }),
]

export async function keysPack(name: string, undo: Y.UndoManager): Promise<Extension> {
  return name === "vim" ? (await import("./vim")).vimKeys(undo) : []
}

/** Load the search into a view, and return it. */
async function loadSearch(view: EditorView) {
  const loaded = await loadPart(() => import("./search"))
  if (slots.search.get(view.state) !== loaded.search)
    view.dispatch({ effects: slots.search.reconfigure(loaded.search) })
  return loaded
}

/** The slot of the search. It is filled when the text first has the focus. */
const searchSlot: Extension = [
  slots.search.of([]),
  EditorView.domEventHandlers({
    // Without a connection, the key below tries again, and says what went wrong.
    focus: (_, view) => void loadSearch(view).catch(() => undefined),
  }),
  keymap.of([
    {
      key: "Mod-f",
      run: (view) => {
        void loadSearch(view).then(
          ({ openSearchPanel }) => openSearchPanel(view),
          () => tell("The search could not be loaded: load the page again"),
        )
        return true
      },
    },
  ]),
]

export const basics: Extension = [
  lineNumbers(),
  foldGutter(),
  highlightActiveLine(),
  highlightActiveLineGutter(),
  drawSelection(),
  dropCursor(),
  indentOnInput(),
  bracketMatching(),
  closeBrackets(),
  autocompletion(),
  EditorState.allowMultipleSelections.of(true),
  searchSlot,
  highlight,
  look,
  // Ctrl+Enter runs the file (shortcuts.ts). CodeMirror would insert a line.
  keymap.of([{ key: "Mod-Enter", run: () => true }]),
  keymap.of([
    ...closeBracketsKeymap,
    ...defaultKeymap,
    ...foldKeymap,
    ...completionKeymap,
    indentWithTab,
  ]),
]

/** The editor's name for screen readers. */
export const label = (name: string): Extension =>
  EditorView.contentAttributes.of({ "aria-label": name })

export const readOnly = (name: string): Extension => [
  lineNumbers(),
  foldGutter(),
  highlight,
  look,
  writable(false),
  label(name),
]
