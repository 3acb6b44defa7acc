// Two texts side by side, or one alone; where there is no room for two, one below the other.
import { MergeView, unifiedMergeView } from "@codemirror/merge"
import { EditorState, type Extension } from "@codemirror/state"
import { EditorView } from "@codemirror/view"
import { useEffect, useRef, useState } from "preact/hooks"
import { get, words } from "../api"
import { rootTitle, textOf } from "../lib/files"
import { languagePack } from "../lib/languages"
import { readOnly } from "../session/editor/setup"
import { cancellable } from "../ui/cancellable"

type Files = Record<string, string>
const NARROW_PX = 800

const filesOf = async (id: string, which: string): Promise<Files> =>
  (await get<{ files: Files }>(which === "live" ? `/code/${id}/latest?live=true` : `/code/${id}/versions/${which}`))
    .files

function show(parent: HTMLElement, before: string, after: string | null, name: string, pack: Extension): () => void {
  if (after === null) {
    const view = new EditorView({
      state: EditorState.create({ doc: before, extensions: [readOnly(name), pack] }),
      parent,
    })
    return () => view.destroy()
  }
  if (innerWidth < NARROW_PX) {
    const extensions = [readOnly(name), pack, unifiedMergeView({ original: before, mergeControls: false })]
    const view = new EditorView({ state: EditorState.create({ doc: after, extensions }), parent })
    return () => view.destroy()
  }
  const view = new MergeView({
    a: { doc: before, extensions: [readOnly(`${name}, before`), pack] },
    b: { doc: after, extensions: [readOnly(`${name}, after`), pack] },
    parent,
    collapseUnchanged: { margin: 3, minSize: 6 },
  })
  return () => view.destroy()
}

function Pair({
  name,
  before,
  after,
  language,
}: {
  name: string
  before: string
  after: string | null
  language: string
}) {
  const parent = useRef<HTMLDivElement>(null)
  useEffect(() => {
    let close: (() => void) | null = null
    const cancel = cancellable(languagePack(name, language), (pack) => {
      if (parent.current) close = show(parent.current, before, after, name, pack)
    })
    return () => {
      cancel()
      close?.()
    }
  }, [name, before, after, language])
  return (
    <section class="pair" aria-label={name}>
      <h2>
        {rootTitle(name)}
        {after !== null && before === after && <span class="tag muted">no difference</span>}
      </h2>
      <div ref={parent} data-testid="compare" />
    </section>
  )
}

export function Compare({
  id,
  version,
  against,
  language,
}: {
  id: string
  version: number
  against: string
  language: string
}) {
  const [shown, setShown] = useState<{ a: Files; b: Files | null } | null>(null)
  const [problem, setProblem] = useState("")
  useEffect(() => {
    const read = async () => {
      const one = await filesOf(id, String(version))
      const other = against === "none" ? null : await filesOf(id, against)
      // the older one is on the left
      const swaps = other && against !== "live" && Number(against) < version
      return swaps ? { a: other, b: one } : { a: one, b: other }
    }
    setProblem("")
    return cancellable(read(), setShown, (error) => setProblem(words(error)))
  }, [id, version, against])
  if (problem)
    return (
      <p class="wrong" role="alert">
        {problem}
      </p>
    )
  if (!shown)
    return (
      <p class="boot" role="status">
        Reading…
      </p>
    )
  const { a, b } = shown
  const names = [...new Set([...Object.keys(a), ...Object.keys(b ?? {})])]
  return (
    <div class="pairs">
      {names.length === 0 && <p class="quiet">The text is empty.</p>}
      {names.map((name) => (
        <Pair key={name} name={name} language={language} before={textOf(a, name)} after={b && textOf(b, name)} />
      ))}
    </div>
  )
}
