// Vim's keys. Its own undo would go through CodeMirror's history, which a shared text does not
// have.
import { type Extension } from "@codemirror/state"
import { type EditorView, ViewPlugin } from "@codemirror/view"
import { CodeMirror, getCM, Vim, vim } from "@replit/codemirror-vim"
import { yUndoManagerKeymap } from "y-codemirror.next"
import type * as Y from "yjs"

type Command = (cm: { cm6: EditorView }) => void

const command = (key: string): Command => {
  const binding = yUndoManagerKeymap.find((one) => one.key === key)
  return ({ cm6 }) => void binding?.run?.(cm6)
}

const commands: [name: "undo" | "redo", short: string, run: Command][] = [
  ["undo", "u", command("Mod-z")],
  ["redo", "red", command("Mod-y")],
]

// The keys (u, Ctrl-R) look the commands up each time, :undo and :redo do not.
for (const [name, short, run] of commands) {
  CodeMirror.commands[name] = run
  Vim.defineEx(name, short, run)
}

/**
 * Make one step of each command, however long the typing took. Text of insert mode belongs to the
 * command that began it: `o` opens a line, and one `u` takes back the line and its text.
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

/** With the mode below the text. */
export const vimKeys = (undo: Y.UndoManager): Extension => [vim({ status: true }), stepsOf(undo)]
