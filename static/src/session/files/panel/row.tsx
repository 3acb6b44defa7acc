// One row of the tree of files: a folder, or a file.
import type { ComponentChildren } from "preact"
import { Icon } from "../../../ui/icons"
import type { TreeRow } from "../tree"

/** The indentation in pixels: of the first level, and for each further level. */
const INDENT = 10
const STEP = 14

/** The place to which a dragged row or file would go: next to a file's row, or into a folder. */
export type Where = "before" | "after" | "into"

interface Props {
  row: TreeRow
  id: string
  isCurrent: boolean
  isShown: boolean
  /** the place to which something that is dragged over this row would go */
  drop: Where | undefined
  canDrag: boolean
  hasMenu: boolean
  /** the field for a new name, instead of the name; null for none */
  field: ComponentChildren
  onClick: () => void
  onRename: () => void
  onMenu: (at: { x: number; y: number }) => void
  onFocus: () => void
  onDrag: (event: DragEvent) => void
}

export function Row(props: Props) {
  const { row, id, isCurrent, isShown, drop, canDrag, hasMenu, field } = props
  const isOpen = row.kind === "folder" ? row.isOpen : undefined
  const isText = row.kind === "folder" || row.file.isText
  const menu = (event: MouseEvent) => {
    event.preventDefault()
    event.stopPropagation()
    if (hasMenu) props.onMenu({ x: event.clientX, y: event.clientY })
  }
  return (
    <div
      id={id}
      role="treeitem"
      class="tree-row"
      data-drop={drop}
      style={{ paddingInlineStart: `${INDENT + (row.level - 1) * STEP}px` }}
      aria-label={isText ? row.label : `${row.label} not a text file`}
      aria-level={row.level}
      aria-setsize={row.count}
      aria-posinset={row.index}
      aria-expanded={isOpen}
      aria-selected={isShown}
      tabIndex={isCurrent ? 0 : -1}
      title={row.path}
      draggable={canDrag && !field}
      data-key={row.key}
      onClick={props.onClick}
      onDblClick={props.onRename}
      onContextMenu={menu}
      onFocus={props.onFocus}
      onDragStart={props.onDrag}
    >
      {row.kind === "folder" && <Icon name={row.isOpen ? "down" : "next"} size={14} />}
      <Icon name={row.kind === "folder" ? "folder" : "file"} size={15} />
      {field === null ? <bdi class="tree-name">{row.label}</bdi> : field}
      {!isText && (
        <>
          {" "}
          <span class="tag">not a text file</span>
        </>
      )}
      {hasMenu && !field && (
        <button
          type="button"
          class="icon tree-more"
          tabIndex={-1}
          aria-label={`Actions for ${row.label}`}
          onClick={menu}
          onDblClick={(event) => event.stopPropagation()}
        >
          <Icon name="more" size={16} />
        </button>
      )}
    </div>
  )
}
