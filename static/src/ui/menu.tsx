// A button that opens a menu: arrow keys move in it, and Escape gives the focus back.
import { Fragment } from "preact"
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks"
import { Icon, type IconName } from "./icons"

interface Item {
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

export function Menu({ label, groups }: Props) {
  const [isOpen, setIsOpen] = useState(false)
  const box = useRef<HTMLDivElement>(null)
  const opener = useRef<HTMLButtonElement>(null)
  const items = () =>
    [...(box.current?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? [])].filter(
      (one) => one.offsetParent !== null,
    )
  useLayoutEffect(() => {
    if (isOpen) items()[0]?.focus()
  }, [isOpen])
  useEffect(() => {
    if (!isOpen) return
    const pressed = (event: PointerEvent) => {
      if (!(event.target instanceof Node) || !box.current?.contains(event.target)) setIsOpen(false)
    }
    document.addEventListener("pointerdown", pressed)
    return () => document.removeEventListener("pointerdown", pressed)
  }, [isOpen])
  const close = () => {
    opener.current?.focus()
    setIsOpen(false)
  }
  const choose = (item: Item) => {
    // first, so that a dialog that the item opens gives the focus back to the button
    close()
    item.act()
  }
  const typed = (event: KeyboardEvent) => {
    if (event.key === "Tab") {
      close()
      return
    }
    const all = items()
    const next = moved(event.key, all.indexOf(document.activeElement as HTMLElement), all.length)
    if (event.key === "Escape") close()
    else if (next !== undefined) all[next]?.focus()
    else return
    event.preventDefault()
    event.stopPropagation()
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
      {isOpen && (
        <div role="menu" aria-label={label} class="menu-list" onKeyDown={typed}>
          <Items groups={groups} onChoose={choose} />
        </div>
      )}
    </div>
  )
}
