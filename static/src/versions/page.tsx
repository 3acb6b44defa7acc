import { useState } from "preact/hooks"
import { post, words } from "../api"
import { ago, full } from "../lib/times"
import { ownName } from "../session/files/table"
import type { Restored, Version } from "../types"
import { tell } from "../ui/announce"
import { Avatar } from "../ui/avatar"
import { Dialog } from "../ui/dialog"
import { Problem } from "../ui/problem"
import { Brand, ThemeButton, useTitle } from "../ui/shell"
import { comparedWith } from "./against"
import { Compare } from "./compare"
import { useVersions } from "./hooks"
import type { NamedPair } from "./pairs"

const KINDS = { manual: "saved", auto: "auto", restore: "restored", final: "final" }

function Row({
  version,
  isCurrent,
  onClick,
}: {
  version: Version
  isCurrent: boolean
  onClick: () => void
}) {
  return (
    <li>
      <button
        type="button"
        class="version"
        aria-current={isCurrent ? "true" : undefined}
        onClick={onClick}
      >
        <span class="version-head">
          <strong>Version {version.version}</strong>
          {version.damaged ? (
            <span class="tag">damaged: cannot be read</span>
          ) : (
            <span class={`tag ${version.kind}`}>{KINDS[version.kind]}</span>
          )}
        </span>
        {version.label && (
          <span class="version-label" dir="auto">
            {version.label}
          </span>
        )}
        {/* the author and the time of a damaged version may be unknown */}
        {version.author.id !== "" && (
          <span class="hint">
            <Avatar person={{ ...version.author, avatar: null }} size={16} />{" "}
            <bdi>{version.author.username}</bdi> ·{" "}
            <time dateTime={version.createdAt} title={full(version.createdAt)}>
              {ago(version.createdAt)}
            </time>
          </span>
        )}
      </button>
    </li>
  )
}

interface RestoreProps {
  id: string
  version: number
  /** the only file to restore; null for all */
  file: NamedPair | null
  onDone: () => void
  onClose: () => void
}

function Restore({ id, version, file, onDone, onClose }: RestoreProps) {
  const [problem, setProblem] = useState("")
  const restore = () =>
    post<Restored>(`/code/${id}/restore`, { version, ...(file && { root: file.root }) }).then(
      ({ notRestored }) => {
        const stay = notRestored.map(({ root }) => ownName(root)).join(", ")
        tell(
          file
            ? `${file.name} is restored from version ${version}`
            : `Version ${version} is restored${stay && `, except ${stay}: only texts can be restored`}`,
        )
        onDone()
        onClose()
      },
      (error: unknown) => setProblem(words(error)),
    )
  return (
    <Dialog
      title={file ? `Restore ${file.name}?` : `Restore version ${version}?`}
      onClose={onClose}
    >
      <p>
        {file
          ? `Everyone will see this file with its text of version ${version}. Other files stay as they are.`
          : `Everyone's editor will change to version ${version}, with its files and their names.`}{" "}
        The current text is kept as a version, so you can undo this.
      </p>
      {problem && (
        <p class="wrong" role="alert">
          {problem}
        </p>
      )}
      <p class="actions">
        <button type="button" class="primary" onClick={() => void restore()}>
          Restore
        </button>
        <button type="button" onClick={onClose}>
          Cancel
        </button>
      </p>
    </Dialog>
  )
}

interface ListProps {
  versions: Version[]
  older: string | null
  current: number
  onChoose: (version: number) => void
  onOlder: (before: string) => void
}

function List({ versions, older, current, onChoose, onOlder }: ListProps) {
  return (
    <>
      {versions.length === 0 && (
        <p class="quiet">
          No versions yet. Ctrl/⌘ + S in the editor saves one; they also come by themselves when
          typing pauses.
        </p>
      )}
      <ul class="plain">
        {versions.map((version) => (
          <Row
            key={version.version}
            version={version}
            isCurrent={version.version === current}
            onClick={() => onChoose(version.version)}
          />
        ))}
      </ul>
      {older && (
        <button type="button" onClick={() => onOlder(older)}>
          Older versions
        </button>
      )}
    </>
  )
}

interface AgainstProps {
  versions: Version[]
  current: number
  against: string
  onChange: (against: string) => void
}

function Against({ versions, current, against, onChange }: AgainstProps) {
  return (
    <label>
      Compare version {current} with{" "}
      <select value={against} onChange={(event) => onChange(event.currentTarget.value)}>
        <option value="none">Show only this version</option>
        <option value="live">Current text</option>
        {versions
          .filter((version) => version.version !== current)
          .map((version) => (
            <option key={version.version} value={String(version.version)}>
              Version {version.version}
              {version.label && `: ${version.label}`}
            </option>
          ))}
      </select>
    </label>
  )
}

function Header({ id, title }: { id: string; title: string | undefined }) {
  return (
    <header class="bar">
      <Brand />
      <h1 class="bar-title">Versions{title !== undefined && ` of ${title}`}</h1>
      <span class="spring" />
      <a class="button" href={`/s/${id}`}>
        Back to the editor
      </a>
      <ThemeButton />
    </header>
  )
}

export default function VersionsPage({ id }: { id: string }) {
  const { session, listed, current, choose, problem, load } = useVersions(id)
  const [chosen, setChosen] = useState("")
  const [asked, setAsked] = useState<{ file: NamedPair | null } | null>(null)
  useTitle("Versions")
  const versions = listed?.versions ?? []
  const against = comparedWith(current, chosen, versions)
  const isDamaged = versions.find((version) => version.version === current)?.damaged
  const mayRestore = session?.status === "open" && session.role !== "viewer" && !isDamaged
  return (
    <div class="workspace">
      <Header id={id} title={session?.title} />
      <Problem text={problem} kind="banner" onAgain={() => void load()} />
      <div class="columns-area versions">
        <nav class="version-list" aria-label="Versions">
          {listed && (
            <List
              versions={versions}
              older={listed.next}
              current={current}
              onChoose={choose}
              onOlder={(before) => void load(before)}
            />
          )}
        </nav>
        <main class="editor-area" id="main" tabIndex={-1}>
          {current > 0 && (
            <>
              <div class="compare-bar">
                <Against
                  versions={versions}
                  current={current}
                  against={against}
                  onChange={setChosen}
                />
                <span class="spring" />
                {mayRestore && (
                  <button type="button" class="primary" onClick={() => setAsked({ file: null })}>
                    Restore this version
                  </button>
                )}
              </div>
              {/* a restore makes a version; the new key makes the page read the text again */}
              <Compare
                key={versions[0]?.version}
                id={id}
                version={current}
                against={against}
                language={session?.language ?? ""}
                onRestore={mayRestore ? (file) => setAsked({ file }) : undefined}
              />
            </>
          )}
        </main>
      </div>
      {asked && (
        <Restore
          id={id}
          version={current}
          file={asked.file}
          onDone={() => void load()}
          onClose={() => setAsked(null)}
        />
      )}
    </div>
  )
}
