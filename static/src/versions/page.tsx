import { useSignal } from "@preact/signals"
import { useEffect } from "preact/hooks"
import { get, post, words } from "../api"
import { ago, full } from "../times"
import type { Session, Version } from "../types"
import { tell } from "../ui/announce"
import { Avatar } from "../ui/avatar"
import { Dialog } from "../ui/dialog"
import { Brand, ThemeButton, useTitle } from "../ui/shell"
import { Compare } from "./compare"

const KINDS = { manual: "saved", auto: "by itself", restore: "restored", final: "final" }

interface Listed {
  versions: Version[]
  next: string | null
}

function Row({ version, isCurrent, onClick }: { version: Version; isCurrent: boolean; onClick: () => void }) {
  return (
    <li>
      <button type="button" class="version" aria-current={isCurrent ? "true" : undefined} onClick={onClick}>
        <span class="version-head">
          <strong>Version {version.version}</strong>
          <span class={`tag ${version.kind}`}>{KINDS[version.kind]}</span>
        </span>
        {version.label && <span class="version-label">{version.label}</span>}
        <span class="hint">
          <Avatar person={{ ...version.author, avatar: null }} size={16} /> {version.author.username} ·{" "}
          <time dateTime={version.createdAt} title={full(version.createdAt)}>
            {ago(version.createdAt)}
          </time>
        </span>
      </button>
    </li>
  )
}

function Restore({
  id,
  version,
  onDone,
  onClose,
}: {
  id: string
  version: number
  onDone: () => void
  onClose: () => void
}) {
  const problem = useSignal("")
  const restore = () =>
    post(`/code/${id}/restore`, { version }).then(
      () => {
        tell(`Version ${version} is restored`)
        onDone()
        onClose()
      },
      (error) => (problem.value = words(error)),
    )
  return (
    <Dialog title={`Restore version ${version}?`} onClose={onClose}>
      <p>
        Everybody's editor shows the text of version {version} then. What is there now stays as a version, so this can
        be undone.
      </p>
      {problem.value && (
        <p class="wrong" role="alert">
          {problem.value}
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

export default function VersionsPage({ id }: { id: string }) {
  const session = useSignal<Session | null>(null)
  const list = useSignal<Listed | null>(null)
  const problem = useSignal("")
  const current = useSignal(0)
  const against = useSignal("live")
  const asks = useSignal(false)
  useTitle("Versions")
  const load = async (before?: string) => {
    try {
      session.value = await get<Session>(`/session/${id}`)
      const page = await get<Listed>(`/code/${id}/versions?fields=meta&limit=100${before ? `&before=${before}` : ""}`)
      // asked for twice, a page is added once
      if (before && list.value?.next !== before) return
      list.value = before && list.value ? { ...page, versions: [...list.value.versions, ...page.versions] } : page
      current.value ||= page.versions[0]?.version ?? 0
    } catch (error) {
      problem.value = words(error)
    }
  }
  useEffect(() => void load(), [id])
  const versions = list.value?.versions ?? []
  const mayRestore = session.value?.status === "open" && session.value.role !== "viewer"
  return (
    <div class="workspace">
      <header class="bar">
        <Brand />
        <h1 class="bar-title">Versions{session.value && ` of ${session.value.title}`}</h1>
        <span class="spring" />
        <a class="button" href={`/s/${id}`}>
          Back to the editor
        </a>
        <ThemeButton />
      </header>
      {problem.value && (
        <p class="banner" role="alert">
          {problem.value}
        </p>
      )}
      <div class="columns-area versions">
        <nav class="version-list" aria-label="Versions">
          {list.value && versions.length === 0 && (
            <p class="quiet">
              No versions yet. Ctrl/⌘ + S in the editor saves one; they also come by themselves when typing pauses.
            </p>
          )}
          <ul class="plain">
            {versions.map((one) => (
              <Row
                key={one.version}
                version={one}
                isCurrent={one.version === current.value}
                onClick={() => (current.value = one.version)}
              />
            ))}
          </ul>
          {list.value?.next && (
            <button type="button" onClick={() => void load(list.value!.next!)}>
              Older versions
            </button>
          )}
        </nav>
        <main class="editor-area" id="main">
          {current.value > 0 && (
            <>
              <div class="compare-bar">
                <label>
                  Compare version {current.value} with{" "}
                  <select value={against.value} onChange={(event) => (against.value = event.currentTarget.value)}>
                    <option value="none">nothing: show its text</option>
                    <option value="live">the live text</option>
                    {versions
                      .filter((one) => one.version !== current.value)
                      .map((one) => (
                        <option key={one.version} value={String(one.version)}>
                          version {one.version}
                          {one.label && `: ${one.label}`}
                        </option>
                      ))}
                  </select>
                </label>
                <span class="spring" />
                {mayRestore && (
                  <button type="button" class="primary" onClick={() => (asks.value = true)}>
                    Restore this version
                  </button>
                )}
              </div>
              <Compare
                id={id}
                version={current.value}
                against={against.value}
                language={session.value?.language ?? ""}
              />
            </>
          )}
        </main>
      </div>
      {asks.value && (
        <Restore id={id} version={current.value} onDone={() => void load()} onClose={() => (asks.value = false)} />
      )}
    </div>
  )
}
