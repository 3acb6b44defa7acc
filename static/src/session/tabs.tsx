// Tabs for the open files, and the field for the name of a new one.
import { useEffect, useLayoutEffect, useRef } from "preact/hooks"
import { Icon } from "../ui/icons"
import { NameField } from "./files/field"
import { baseOf } from "./files/names"
import type { SessionFile } from "./files/table"

interface Props {
  /** the open files, in the order of their tabs */
  files: SessionFile[]
  current: string | null
  canWrite: boolean
  isAdding: boolean
  showsFiles: boolean
  whyNot: (name: string) => string
  onSelect: (root: string) => void
  onClose: (root: string) => void
  onAdding: (isAdding: boolean) => void
  onAdd: (name: string) => void
  onFiles: () => void
}

/**
 * The labels of tabs: the last part of a name, or the whole name if two open files have the same
 * last part.
 */
function labels(files: SessionFile[]): string[] {
  const bases = files.map(({ name }) => baseOf(name))
  return files.map(({ name }, index) => {
    const base = bases[index] ?? name
    return bases.indexOf(base) === bases.lastIndexOf(base) ? base : name
  })
}

interface TabProps {
  file: SessionFile
  label: string
  isCurrent: boolean
  onSelect: () => void
  onClose: () => void
}

function Tab({ file, label, isCurrent, onSelect, onClose }: TabProps) {
  const element = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    if (isCurrent) element.current?.scrollIntoView({ block: "nearest", inline: "nearest" })
  }, [isCurrent])
  const isMiddle = (event: MouseEvent) => event.button === 1
  return (
    <button
      ref={element}
      id={`tab-${file.root}`}
      type="button"
      role="tab"
      aria-selected={isCurrent}
      aria-keyshortcuts="Delete"
      tabIndex={isCurrent ? 0 : -1}
      title={file.name}
      onClick={onSelect}
      // otherwise, a middle click would start to scroll the page
      onMouseDown={(event) => isMiddle(event) && event.preventDefault()}
      onAuxClick={(event) => isMiddle(event) && onClose()}
    >
      <bdi class={file.isDeleted ? "tab-name gone" : "tab-name"}>{label}</bdi>
      {file.isDeleted && <span class="sr-only"> deleted</span>}
      {!file.isText && <span class="tag">read only</span>}
      {/* not a button, because a tab cannot contain one; by keyboard, Delete closes the tab */}
      <span
        class="tab-close"
        aria-hidden="true"
        title={`Close ${label}`}
        onClick={(event) => {
          event.stopPropagation()
          onClose()
        }}
      >
        <Icon name="close" size={14} />
      </span>
    </button>
  )
}

function TabList({ files, current, onSelect, onClose }: Props) {
  const wantsFocus = useRef(false)
  useLayoutEffect(() => {
    if (wantsFocus.current) document.getElementById(`tab-${current}`)?.focus()
    wantsFocus.current = false
  })
  const pressed = (event: KeyboardEvent) => {
    const at = files.findIndex(({ root }) => root === current)
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0
    const next = files[(at + step + files.length) % files.length]
    if (event.key === "Delete" && current !== null) onClose(current)
    else if (step && next) onSelect(next.root)
    else return
    wantsFocus.current = true
    event.preventDefault()
  }
  const names = labels(files)
  return (
    <div role="tablist" aria-label="Open files" onKeyDown={pressed}>
      {files.map((file, index) => (
        <Tab
          key={file.root}
          file={file}
          label={names[index] ?? file.name}
          isCurrent={file.root === current}
          onSelect={() => onSelect(file.root)}
          onClose={() => onClose(file.root)}
        />
      ))}
    </div>
  )
}

export function Tabs(props: Props) {
  const { canWrite, isAdding, showsFiles, whyNot, onAdding, onAdd, onFiles } = props
  const opener = useRef<HTMLButtonElement>(null)
  const wantsOpener = useRef(false)
  useLayoutEffect(() => {
    if (wantsOpener.current && !isAdding) opener.current?.focus()
    wantsOpener.current = false
  }, [isAdding])
  return (
    <div class="tabs">
      <button
        type="button"
        class="icon files-opener"
        aria-label="Files"
        title="Files (Alt+F)"
        aria-expanded={showsFiles}
        onClick={onFiles}
      >
        <Icon name="files" />
      </button>
      {props.files.length > 0 && <TabList {...props} />}
      {canWrite && !isAdding && (
        <button
          ref={opener}
          type="button"
          class="icon"
          aria-label="Add a file"
          title="Add a file (Alt+N)"
          onClick={() => onAdding(true)}
        >
          +
        </button>
      )}
      {isAdding && (
        <NameField
          label="Name of the new file"
          why={whyNot}
          onName={onAdd}
          onCancel={(isByKey) => {
            wantsOpener.current = isByKey
            onAdding(false)
          }}
        />
      )}
    </div>
  )
}
