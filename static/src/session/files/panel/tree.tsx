// The files of the session as a tree, for the pointer and for the keyboard alone.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks"
import { MenuList, usePressOutside } from "../../../ui/menu"
import { openFile } from "../acts"
import { NameField } from "../field"
import { foldersOf, whyInvalid } from "../names"
import type { SessionFile } from "../table"
import { fileKey, folderKey, type TreeRow, treeRows } from "../tree"
import { type Dropping, useDrag } from "./drag"
import { hasItems, isOwn, itemsOf, rename } from "./items"
import { useKeys } from "./keys"
import { Row } from "./row"

/** The approximate size of a row's menu in pixels, so that the menu stays on the screen. */
const MENU = { width: 210, height: 220 }

interface Props extends Dropping {
  files: SessionFile[]
}

const idOf = (row: TreeRow) => `tree-${row.key}`

/** The folded folders. The folders of the shown file are unfolded when it is chosen elsewhere. */
function useFolded(shown: string | undefined) {
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set())
  useEffect(() => {
    const above = foldersOf(shown ?? "").map(folderKey)
    setFolded((old) => new Set([...old].filter((key) => !above.includes(key))))
  }, [shown])
  const toggle = (key: string) =>
    setFolded(
      (old) => new Set(old.has(key) ? [...old].filter((open) => open !== key) : [...old, key]),
    )
  return { folded, toggle }
}

/** The row that has the focus, or gets it next; and a function to move the focus to another. */
function useCurrent(rows: TreeRow[], shown: string | null) {
  const [at, setAt] = useState("")
  const waiting = useRef("")
  useLayoutEffect(() => {
    if (!waiting.current) return
    document.getElementById(`tree-${waiting.current}`)?.focus()
    waiting.current = ""
  })
  const find = (key: string) => rows.findIndex((row) => row.key === key)
  const index = find(at) >= 0 ? find(at) : find(fileKey(shown ?? ""))
  const focus = (key: string) => {
    const element = document.getElementById(`tree-${key}`)
    // focus the row now, not later: a field that is drawn after this takes the focus and must keep
    // it
    if (element) element.focus()
    else waiting.current = key
    setAt(key)
  }
  return { index: Math.max(0, index), setAt, focus }
}

interface RenamingProps extends Props {
  row: TreeRow
  focus: (key: string) => void
}

/**
 * The field for a row's new name. The name includes its folders, so a new name can also move the
 * row.
 */
function Renaming({ row, live, view, focus }: RenamingProps) {
  const { changes } = live
  const why = (name: string) =>
    whyInvalid(name) ||
    (row.kind === "file"
      ? changes.taken([row.file.root]).why(name)
      : changes.whyNotFolder(row.path, name))
  const end = (key: string) => {
    view.startNaming(null)
    focus(key)
  }
  return (
    <NameField
      label={`New name of ${row.label}`}
      value={row.path}
      why={why}
      onName={(name) => {
        if (row.kind === "file") changes.rename(row.file.root, name)
        else changes.renameFolder(row.path, name)
        end(row.kind === "file" ? row.key : folderKey(name))
      }}
      onCancel={(isByKey) => (isByKey ? end(row.key) : view.startNaming(null))}
    />
  )
}

export function Tree(props: Props) {
  const { files, live, view } = props
  const shown = files.find(({ root }) => root === view.root)
  const { folded, toggle } = useFolded(shown?.name)
  const rows = treeRows(files, folded)
  const { index, setAt, focus } = useCurrent(rows, view.root)
  const [menu, setMenu] = useState<{ row: TreeRow; x: number; y: number } | null>(null)
  const box = useRef<HTMLDivElement>(null)
  usePressOutside(box, menu !== null, () => setMenu(null))
  const keys = useKeys(props, rows, focus, toggle)
  const drag = useDrag(props, rows)
  const visits = useRef(0)
  const current = rows[index]
  useLayoutEffect(() => {
    if (view.visits > visits.current && current) focus(current.key)
    visits.current = view.visits
  })
  const isNamed = (row: TreeRow) =>
    row.kind === "file"
      ? view.naming?.what === "file" && view.naming.root === row.file.root
      : view.naming?.what === "folder" && view.naming.path === row.path
  const choose = (row: TreeRow, staysHere: boolean) => {
    if (row.kind === "folder") toggle(row.key)
    else if (staysHere || view.isSheet) view.choose(row.file.root)
    else openFile(live, view, row.file.root)
    if (row.kind === "file" && view.isSheet) view.toggleFiles()
  }
  const openMenu = (row: TreeRow, at: { x: number; y: number }) => {
    if (!hasItems(row, props)) return
    focus(row.key)
    const x = Math.min(at.x, innerWidth - MENU.width)
    setMenu({ row, x, y: Math.max(0, Math.min(at.y, innerHeight - MENU.height)) })
  }
  const pressed = (event: KeyboardEvent) => {
    const row = event.target instanceof HTMLInputElement ? undefined : current
    if (!row || !(event.target instanceof Element) || !event.target.matches(".tree-row")) return
    const { key } = event
    if (key === "Enter" || key === " ") choose(row, key === " ")
    else if (key === "ContextMenu" || (key === "F10" && event.shiftKey)) {
      const place = document.getElementById(idOf(row))?.getBoundingClientRect()
      openMenu(row, { x: (place?.left ?? 0) + 24, y: place?.bottom ?? 0 })
    } else if (!keys(event, row, index)) return
    event.preventDefault()
    event.stopPropagation()
  }
  return (
    <div class="tree-box" ref={box} {...drag.on}>
      <div role="tree" aria-label="Files" onKeyDown={pressed}>
        {rows.map((row) => (
          <Row
            key={row.key}
            id={idOf(row)}
            row={row}
            isCurrent={row === current}
            isShown={row.kind === "file" && row.file === shown}
            drop={drag.drop?.row?.key === row.key ? drag.drop.where : undefined}
            canDrag={isOwn(row, props)}
            hasMenu={hasItems(row, props)}
            field={isNamed(row) ? <Renaming {...props} row={row} focus={focus} /> : null}
            onClick={() => choose(row, false)}
            onRename={() => rename(row, props)}
            onMenu={(at) => openMenu(row, at)}
            onFocus={() => setAt(row.key)}
            onDrag={drag.start(row)}
          />
        ))}
      </div>
      {menu && (
        <MenuList
          label={`Actions for ${menu.row.label}`}
          groups={[{ items: itemsOf(menu.row, props) }]}
          at={menu}
          onClose={() => {
            setMenu(null)
            focus(menu.row.key)
          }}
        />
      )}
    </div>
  )
}
