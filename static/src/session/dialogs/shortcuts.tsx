import { Dialog } from "../../ui/dialog"

const KEYS: [string, string][] = [
  ["?", "This list (Ctrl+/ while typing is for comments)"],
  ["Ctrl/⌘ + K", "All commands, to be found by their names"],
  ["Ctrl/⌘ + S", "Save a version with a label"],
  ["Ctrl/⌘ + Enter", "Run the open file"],
  ["Ctrl/⌘ + Shift + Enter", "Run the tests"],
  ["Alt + C", "Go to the chat, or close it"],
  ["Alt + P", "Go to the people, or close them"],
  ["Alt + V", "Versions"],
  ["Alt + F", "Go to the files, or close them"],
  ["Alt + N", "New file"],
  ["Alt + 1 … 9", "Go to an open file"],
  ["Ctrl + Alt + W", "Close the file"],
  ["Enter, F2, Delete", "In the files: open, rename, delete"],
  ["Alt + ↑ ↓, Ctrl/⌘ + Z", "In the files: move up or down, bring back"],
  ["Ctrl/⌘ + F", "Search in the text"],
  ["Ctrl/⌘ + Z, Shift + Z", "Undo and redo what you did"],
  ["Escape, then Tab", "Leave the editor by keyboard"],
  ["Space, ← →, Home, End, [ ]", "In the replay: play, step, ends, speed"],
  ["Escape", "Close what is open, stop following"],
]

export function Shortcuts({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Keyboard shortcuts" onClose={onClose}>
      <dl class="keys">
        {KEYS.map(([key, about]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{about}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  )
}
