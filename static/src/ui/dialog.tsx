import type { ComponentChildren } from "preact"
import { useId, useLayoutEffect, useRef } from "preact/hooks"
import { dialogOpened } from "./announce"
import { Said } from "./announcer"
import { Icon } from "./icons"

interface Props {
  title: ComponentChildren
  onClose: () => void
  children: ComponentChildren
  /** the id of the element that a screen reader reads after the title */
  about?: string
}

/** A modal dialog. The browser keeps the focus inside, and gives it back at the end. */
export function Dialog({ title, onClose, children, about }: Props) {
  const element = useRef<HTMLDialogElement>(null)
  const id = useId()
  // a plain effect would clean up too late: the dialog and the focus have left the page by then
  useLayoutEffect(() => {
    const dialog = element.current
    dialog?.showModal()
    const closed = dialogOpened()
    return () => {
      dialog?.close()
      closed()
    }
  }, [])
  return (
    <dialog
      ref={element}
      class="dialog"
      aria-labelledby={id}
      aria-describedby={about}
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
      onClick={(event) => event.target === element.current && onClose()}
    >
      <div class="dialog-body">
        <header class="dialog-head">
          <h2 id={id}>{title}</h2>
          <button type="button" class="icon" aria-label="Close" onClick={onClose}>
            <Icon name="close" />
          </button>
        </header>
        {children}
        <Said />
      </div>
    </dialog>
  )
}
