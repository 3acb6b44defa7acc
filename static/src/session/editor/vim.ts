// Vim's keys. Undo and redo are replaced, because Vim's own use CodeMirror's history, which a
// shared text does not have.
import { type Extension } from "@codemirror/state"
import { type EditorView, ViewPlugin } from "@codemirror/view"
import { CodeMirror, getCM, Vim, vim } from "@replit/codemirror-vim"
import { yUndoManagerKeymap } from "y-codemirror.next"
import type * as Y from "yjs"

type Command = (cm: { cm6: EditorView }) => void

const command = (key: string): Command => {
  const binding = yUndoManagerKeymap.find((known) => known.key === key)
  return ({ cm6 }) => void binding?.run?.(cm6)
}

const commands: [name: "undo" | "redo", short: string, run: Command][] = [
  ["undo", "u", command("Mod-z")],
  ["redo", "red", command("Mod-y")],
]

// The keys u and Ctrl-R look up these commands at each use, but :undo and :redo do not.
for (const [name, short, run] of commands) {
  CodeMirror.commands[name] = run
  Vim.defineEx(name, short, run)
}

/**
 * Make each command one undo step, even if the typing took long. Text that is typed in insert mode
 * belongs to the command that began insert mode. For example, `o` opens a line, and one `u` removes
 * the line with its text.
 */
const stepsOf = (undo: Y.UndoManager) =>
  ViewPlugin.define((view) => {
    const { captureTimeout } = undo
    const cm = getCM(view)
    const end = () => {
      if (!cm?.state.vim?.insertMode) undo.stopCapturing()
    }
    cm?.on("vim-command-done", end)
    cm?.on("vim-mode-change", end)
    undo.captureTimeout = Number.MAX_SAFE_INTEGER
    return {
      destroy: () => {
        cm?.off("vim-command-done", end)
        cm?.off("vim-mode-change", end)
        undo.captureTimeout = captureTimeout
        undo.stopCapturing()
      },
    }
  })

/** Vim's keys, with the current mode shown below the text. */
export const vimKeys = (undo: Y.UndoManager): Extension => [vim({ status: true }), stepsOf(undo)]
