// Shows two versions side by side, below each other on narrow screens, or one version alone. Maps,
// lists and XML are compared in the form in which the server shows them.
import { MergeView, unifiedMergeView } from "@codemirror/merge"
import { EditorState, type Extension } from "@codemirror/state"
import { EditorView } from "@codemirror/view"
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks"
import { words } from "../api"
import { contentOf, KINDS, languageOf, remarkOf } from "../lib/documents"
import { textOf, valueOf } from "../lib/files"
import { languagePack, suffixOf } from "../lib/languages"
import { readOnly } from "../session/editor/setup"
import { cancellable } from "../ui/cancellable"
import { Problem } from "../ui/problem"
import { type Contents, VersionContents } from "./contents"
import { type NamedPair, pairsOf } from "./pairs"

/**
 * The width in pixels for two texts of some 40 columns. With less space, only the newer text is
 * shown, and the changes are marked in it.
 */
const NARROW_PX = 760

/**
 * Whether an element is too narrow for two texts side by side. The value follows changes of the
 * element's size.
 */
function useIsNarrow(element: { current: HTMLElement | null }): boolean {
  const [isNarrow, setIsNarrow] = useState(false)
  useLayoutEffect(() => {
    if (!element.current) return
    const { current } = element
    const look = () => setIsNarrow(current.clientWidth < NARROW_PX)
    look()
    const observer = new ResizeObserver(look)
    observer.observe(current)
    return () => observer.disconnect()
  }, [element])
  return isNarrow
}

interface Shown {
  before: string
  after: string | null
  name: string
  isNarrow: boolean
}

function show(
  parent: HTMLElement,
  { before, after, name, isNarrow }: Shown,
  pack: Extension,
): () => void {
  if (after === null || after === before) {
    const view = new EditorView({
      state: EditorState.create({ doc: before, extensions: [readOnly(name), pack] }),
      parent,
    })
    return () => view.destroy()
  }
  if (isNarrow) {
    const extensions = [
      readOnly(name),
      pack,
      unifiedMergeView({ original: before, mergeControls: false }),
    ]
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

interface PairProps {
  name: string
  /** an earlier name of the file, and whether it was deleted */
  oldName?: string
  isDeleted?: boolean
  before: string
  after: string | null
  language: string
  /** the type of a root that is not a text, and a remark about missing parts */
  kind?: string
  remark?: string
  /** missing if this file cannot be restored */
  onRestore?: (() => void) | undefined
}

function Pair(props: PairProps) {
  const { name, oldName, isDeleted, before, after, language, kind, remark, onRestore } = props
  const parent = useRef<HTMLDivElement>(null)
  const isNarrow = useIsNarrow(parent)
  useEffect(() => {
    let close: (() => void) | null = null
    const cancel = cancellable(languagePack(kind ? "" : name, language), (pack) => {
      if (parent.current) close = show(parent.current, { before, after, name, isNarrow }, pack)
    })
    return () => {
      cancel()
      close?.()
    }
  }, [name, before, after, language, kind, isNarrow])
  return (
    <section class="pair" aria-label={name}>
      <h2>
        <bdi>{name}</bdi>
        {oldName && (
          <span class="tag">
            renamed from <bdi>{oldName}</bdi>
          </span>
        )}
        {isDeleted && <span class="tag">deleted</span>}
        {kind && <span class="tag">{kind}, not part of a restore</span>}
        {after !== null && before === after && <span class="tag">no difference</span>}
        {onRestore && (
          <button
            type="button"
            class="small"
            aria-label={`Restore this file: ${name}`}
            onClick={onRestore}
          >
            Restore this file
          </button>
        )}
      </h2>
      {remark && <p class="hint">{remark}</p>}
      <div ref={parent} data-testid="compare" />
    </section>
  )
}

interface DocumentPairProps {
  root: string
  name: string
  a: Contents
  b: Contents | null
}

/** A root that is not a text in at least one of two versions. */
function DocumentPair({ root, name, a, b }: DocumentPairProps) {
  const [one, other] = [valueOf(a.documents, root), b ? valueOf(b.documents, root) : undefined]
  const document = other ?? one
  if (!document) return null
  const remarks = new Set([one, other].flatMap((each) => (each ? [remarkOf(each)] : [])))
  return (
    <Pair
      name={name}
      before={one ? contentOf(one) : ""}
      after={b && (other ? contentOf(other) : "")}
      language={languageOf(document)}
      kind={KINDS[document.type]}
      remark={[...remarks].join(" ")}
    />
  )
}

/** The contents to compare, the older one first, and the content of the version itself. */
interface Read {
  a: Contents
  b: Contents | null
  own: Contents
}

export function Compare({
  id,
  version,
  against,
  language,
  onRestore,
}: {
  id: string
  version: number
  against: string
  language: string
  /** missing if the user may not restore this version */
  onRestore: ((file: NamedPair) => void) | undefined
}) {
  const contents = useMemo(() => new VersionContents(id), [id])
  const [shown, setShown] = useState<Read | null>(null)
  const [problem, setProblem] = useState("")
  const [attempt, setAttempt] = useState(0)
  useEffect(() => {
    const read = async () => {
      const [one, other] = await Promise.all([
        contents.read(String(version)),
        against === "none" ? null : contents.read(against),
      ])
      // the older version is on the left
      const swaps = other && against !== "live" && Number(against) < version
      return swaps ? { a: other, b: one, own: one } : { a: one, b: other, own: one }
    }
    setProblem("")
    return cancellable(read(), setShown, (error) => setProblem(words(error)))
  }, [contents, version, against, attempt])
  if (problem) return <Problem text={problem} onAgain={() => setAttempt(attempt + 1)} />
  if (!shown)
    return (
      <p class="boot" role="status">
        Reading…
      </p>
    )
  const { a, b, own } = shown
  const { texts, documents } = pairsOf(a, b, suffixOf(language))
  const restoring = (file: NamedPair) =>
    onRestore && Object.hasOwn(own.files, file.root) ? () => onRestore(file) : undefined
  return (
    <div class="pairs">
      {texts.length + documents.length === 0 && <p class="quiet">The text is empty.</p>}
      {texts.map(({ root, ...names }) => (
        <Pair
          key={root}
          {...names}
          language={language}
          before={textOf(a.files, root)}
          after={b && textOf(b.files, root)}
          onRestore={restoring({ root, ...names })}
        />
      ))}
      {documents.map(({ root, name }) => (
        <DocumentPair key={root} root={root} name={name} a={a} b={b} />
      ))}
    </div>
  )
}
