import type { ComponentChildren } from "preact"
import { useId, useLayoutEffect, useRef } from "preact/hooks"
import { dialogOpened } from "./announce"
import { Said } from "./announcer"

interface Props {
  title: ComponentChildren
  onClose: () => void
  children: ComponentChildren
  /** the id of what a screen reader says after the title */
  about?: string
}

/** A modal dialog: the browser keeps the focus in it and gives it back. */
export function Dialog({ title, onClose, children, about }: Props) {
  const element = useRef<HTMLDialogElement>(null)
  const id = useId()
  // a plain effect is cleaned up after the dialog has left the page, and the focus with it
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
            ✕
          </button>
        </header>
        {children}
        <Said />
      </div>
    </dialog>
  )
}
