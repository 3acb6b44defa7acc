// A button that opens a menu: arrow keys move in it, and Escape gives the focus back.
import { Fragment } from "preact"
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks"
import { Icon, type IconName } from "./icons"

export interface Item {
  label: string
  icon: IconName
  /** the shortcut of this item, written as in the list of shortcuts */
  keys?: string
  act: () => void
}

interface Group {
  items: Item[]
  /** shown only in a narrow window, where the bar has no room for these items */
  isForNarrow?: boolean
}

interface Props {
  label: string
  groups: Group[]
}

/** The index to which a key moves the focus from `at`; undefined if the key does not move it. */
export function moved(key: string, at: number, count: number): number | undefined {
  if (key === "Home") return 0
  if (key === "End") return count - 1
  const step = key === "ArrowDown" ? 1 : key === "ArrowUp" ? -1 : 0
  return step ? (at + step + count) % count : undefined
}

function Items({ groups, onChoose }: { groups: Group[]; onChoose: (item: Item) => void }) {
  return (
    <>
      {groups
        .filter(({ items }) => items.length > 0)
        .map(({ items, isForNarrow }, index, all) => (
          <Fragment key={index}>
            {index > 0 && <hr class={all[index - 1]?.isForNarrow ? "for-narrow" : undefined} />}
            {items.map((item) => (
              <button
                key={item.label}
                type="button"
                role="menuitem"
                tabIndex={-1}
                class={isForNarrow ? "ghost for-narrow" : "ghost"}
                onClick={() => onChoose(item)}
              >
                <Icon name={item.icon} />
                <span>{item.label}</span>
                {item.keys && <kbd aria-hidden="true">{item.keys}</kbd>}
              </button>
            ))}
          </Fragment>
        ))}
    </>
  )
}

interface ListProps extends Props {
  /** the list's place on the screen, in pixels; without it, the list is below its button */
  at?: { x: number; y: number } | undefined
  /** must close the list, and give the focus back to the element that had it before */
  onClose: () => void
}

/** The items of a list that are shown: a narrow window has more of them than a wide one. */
const itemsIn = (list: HTMLElement | null): HTMLElement[] =>
  [...(list?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? [])].filter(
    (item) => item.offsetParent !== null,
  )

/**
 * The list of a menu. It closes before the chosen item acts. So a dialog that the item opens knows
 * the old focus.
 */
export function MenuList({ label, groups, at, onClose }: ListProps) {
  const list = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => itemsIn(list.current)[0]?.focus(), [])
  const typed = (event: KeyboardEvent) => {
    if (event.key === "Tab") {
      onClose()
      return
    }
    const all = itemsIn(list.current)
    const next = moved(event.key, all.indexOf(document.activeElement as HTMLElement), all.length)
    if (event.key === "Escape") onClose()
    else if (next !== undefined) all[next]?.focus()
    else return
    event.preventDefault()
    event.stopPropagation()
  }
  const choose = (item: Item) => {
    onClose()
    item.act()
  }
  return (
    <div
      ref={list}
      role="menu"
      aria-label={label}
      class={at ? "menu-list at-place" : "menu-list"}
      style={at && { left: `${at.x}px`, top: `${at.y}px` }}
      onKeyDown={typed}
    >
      <Items groups={groups} onChoose={choose} />
    </div>
  )
}

/** Close a menu when the pointer is pressed outside of an element. */
export function usePressOutside(
  element: { current: HTMLElement | null },
  isOpen: boolean,
  close: () => void,
): void {
  const act = useRef(close)
  act.current = close
  useEffect(() => {
    if (!isOpen) return
    const pressed = (event: PointerEvent) => {
      if (!(event.target instanceof Node) || !element.current?.contains(event.target)) act.current()
    }
    document.addEventListener("pointerdown", pressed)
    return () => document.removeEventListener("pointerdown", pressed)
  }, [element, isOpen])
}

export function Menu({ label, groups }: Props) {
  const [isOpen, setIsOpen] = useState(false)
  const box = useRef<HTMLDivElement>(null)
  const opener = useRef<HTMLButtonElement>(null)
  usePressOutside(box, isOpen, () => setIsOpen(false))
  const close = () => {
    opener.current?.focus()
    setIsOpen(false)
  }
  return (
    <div class="menu" ref={box}>
      <button
        ref={opener}
        type="button"
        class="icon"
        aria-label={label}
        title={label}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        onClick={() => setIsOpen(!isOpen)}
      >
        <Icon name="more" />
      </button>
      {isOpen && <MenuList label={label} groups={groups} onClose={close} />}
    </div>
  )
}
