// The form of one test.
import { useEffect, useRef, useState } from "preact/hooks"
import { words } from "../../../api"
import { hasAssertions } from "./programs"
import type { Draft, Written } from "./tests"

interface Props {
  draft: Draft
  isStaff: boolean
  files: readonly { root: string; name: string }[]
  languageOf: (name: string) => string
  save: (written: Written) => Promise<void>
  onChange: (draft: Draft) => void
  onClose: () => void
}

const EXAMPLES: Readonly<Record<string, string>> = {
  javascript: 'test("adds", () => assert.equal(add(1, 2), 3))',
  typescript: 'test("adds", () => assert.equal(add(1, 2), 3))',
  python: "def test_adds():\n    assert add(1, 2) == 3",
  lua: 'test("adds", function() assert(add(1, 2) == 3) end)',
  sql: "SELECT count(*) FROM people;",
}

interface TextProps {
  label: string
  hint: string
  value: string
  most: number
  placeholder?: string
  onInput: (text: string) => void
}

const Text = ({ label, hint, value, most, placeholder, onInput }: TextProps) => (
  <label class="tests-field tests-text">
    {label}
    <small>{hint}</small>
    <textarea
      rows={3}
      maxLength={most}
      value={value}
      placeholder={placeholder}
      spellcheck={false}
      onInput={(event) => onInput(event.currentTarget.value)}
    />
  </label>
)

/** The most characters of an input or an output, and of assertions. */
const VALUE = 16_384
const SOURCE = 65_536

export function TestForm(props: Props) {
  const { draft, isStaff, files, languageOf, save, onChange, onClose } = props
  const { test, first, written } = draft
  const [problem, setProblem] = useState("")
  const name = useRef<HTMLInputElement>(null)
  // a user who comes back to this tab by the arrow keys keeps the focus in the row of tabs
  const isFresh = useRef(written === first)
  useEffect(() => {
    if (isFresh.current) name.current?.focus()
  }, [])
  const set = (part: Partial<Written>) => onChange({ ...draft, written: { ...written, ...part } })
  const language = languageOf(files.find((file) => file.root === written.root)?.name ?? "")
  const isFile = written.kind === "file"
  const submit = (event: Event) => {
    event.preventDefault()
    save(written).then(onClose, (error: unknown) => setProblem(words(error)))
  }
  const pressed = (event: KeyboardEvent) => {
    // only Cancel discards the typed text
    if (event.key !== "Escape" || event.isComposing || written !== first) return
    event.preventDefault()
    onClose()
  }
  return (
    <form
      class="tests-form"
      aria-label={test ? "Edit test" : "New test"}
      onSubmit={submit}
      onKeyDown={pressed}
    >
      <div class="tests-row">
        <label class="tests-field">
          Name
          <input
            ref={name}
            required
            maxLength={200}
            value={written.name}
            onInput={(event) => set({ name: event.currentTarget.value })}
          />
        </label>
        <label class="tests-field">
          File
          <select
            value={written.root}
            onChange={(event) => set({ root: event.currentTarget.value })}
          >
            {files.map((file) => (
              <option key={file.root} value={file.root}>
                {file.name}
              </option>
            ))}
          </select>
        </label>
        <label class="tests-field">
          Kind
          <select
            value={written.kind}
            onChange={(event) =>
              set({ kind: event.currentTarget.value === "file" ? "file" : "case" })
            }
          >
            <option value="case">Input and expected output</option>
            {(hasAssertions(language) || isFile) && <option value="file">Assertions</option>}
          </select>
        </label>
      </div>
      <div class="tests-row">
        {isFile ? (
          <Text
            label="Assertions"
            hint={
              language === "sql"
                ? "Statements that run after those of the file"
                : "Code that runs after the file and can use its names"
            }
            value={written.source}
            most={SOURCE}
            placeholder={EXAMPLES[language] ?? ""}
            onInput={(source) => set({ source })}
          />
        ) : (
          <Text
            label="Input"
            hint="What the program reads"
            value={written.input}
            most={VALUE}
            onInput={(input) => set({ input })}
          />
        )}
        {(!isFile || language === "sql") && (
          <Text
            label="Expected output"
            hint="Spaces at the ends of lines and a final line break do not count"
            value={written.expected}
            most={VALUE}
            onInput={(expected) => set({ expected })}
          />
        )}
      </div>
      {problem && <p role="alert">{problem}</p>}
      <p class="tests-bar">
        <button type="submit" class="primary small">
          Save test
        </button>
        <button type="button" class="small" onClick={onClose}>
          Cancel
        </button>
        {isStaff && (
          <label class="check">
            <input
              type="checkbox"
              checked={written.isHidden}
              onChange={(event) => set({ isHidden: event.currentTarget.checked })}
            />
            Hidden: only you see this test and its results
          </label>
        )}
      </p>
    </form>
  )
}
