// The settings dialog: the editor in this browser, and the session (for its owner).
import { fontSize, keys, runLimitS, tabSize, theme, wraps } from "../../settings"
import type { Session } from "../../types"
import { Dialog } from "../../ui/dialog"
import { Leave } from "./leave"
import { ForOwner } from "./owner"

function Select({
  label,
  value,
  options,
  onChange,
}: {
  label: string
  value: string
  options: [string, string][]
  onChange: (value: string) => void
}) {
  return (
    <label class="field">
      <span>{label}</span>
      <select value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        {options.map(([key, text]) => (
          <option key={key} value={key}>
            {text}
          </option>
        ))}
      </select>
    </label>
  )
}

const numbers = (all: number[], unit: string): [string, string][] =>
  all.map((number) => [String(number), `${number} ${unit}`])

export function Settings({
  session,
  onClose,
  onChanged,
  onDelete,
}: {
  session: Session
  onClose: () => void
  onChanged: () => void
  onDelete: () => void
}) {
  return (
    <Dialog title="Settings" onClose={onClose}>
      <h3>Editor, in this browser</h3>
      <div class="form columns">
        <Select
          label="Theme"
          value={theme.value}
          options={[
            ["system", "System"],
            ["light", "Light"],
            ["dark", "Dark"],
          ]}
          onChange={(value) => (theme.value = value)}
        />
        <Select
          label="Font size"
          value={String(fontSize.value)}
          options={numbers([12, 13, 14, 15, 16, 18, 20, 24], "px")}
          onChange={(value) => (fontSize.value = Number(value))}
        />
        <Select
          label="Tab size"
          value={String(tabSize.value)}
          options={numbers([2, 4, 8], "spaces")}
          onChange={(value) => (tabSize.value = Number(value))}
        />
        <Select
          label="Keys"
          value={keys.value}
          options={[
            ["default", "Default"],
            ["vim", "Vim"],
          ]}
          onChange={(value) => (keys.value = value)}
        />
        <Select
          label="Programs stop after"
          value={String(runLimitS.value)}
          options={numbers([10, 30, 60], "seconds")}
          onChange={(value) => (runLimitS.value = Number(value))}
        />
        <label class="check">
          <input
            type="checkbox"
            checked={wraps.value}
            onChange={(event) => (wraps.value = event.currentTarget.checked)}
          />{" "}
          Wrap long lines
        </label>
      </div>
      {session.role === "owner" ? (
        <ForOwner session={session} onClose={onClose} onChanged={onChanged} onDelete={onDelete} />
      ) : (
        <Leave session={session} />
      )}
    </Dialog>
  )
}
