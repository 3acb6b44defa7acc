// A button that opens a menu: arrow keys move in it, and Escape gives the focus back.
import { Fragment } from "preact"
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks"
import { Icon, type IconName } from "./icons"

export interface Item {
  label: string
  icon: IconName
  /** the keys of this item, as the list of shortcuts writes them */
  keys?: string
  act: () => void
}

interface Group {
  items: Item[]
  /** only in a narrow window, where the bar has no room for them */
  isForNarrow?: boolean
}

interface Props {
  label: string
  groups: Group[]
}

/** Where the focus goes from `at` by a key; undefined for a key that does not move it. */
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
  /** where the list stands on the screen, in pixels; without it, below its button */
  at?: { x: number; y: number } | undefined
  /** the focus must go back to where it was before */
  onClose: () => void
}

/** The items of a list that are shown: a narrow window has more of them than a wide one. */
const itemsIn = (list: HTMLElement | null): HTMLElement[] =>
  [...(list?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? [])].filter(
    (one) => one.offsetParent !== null,
  )

/** The list of a menu. Closing it comes before its item acts, so a dialog finds the old focus. */
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
