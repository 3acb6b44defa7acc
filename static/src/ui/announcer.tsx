import { useLayoutEffect, useRef } from "preact/hooks"
import { dialogs, endToast, said, toast, type Told } from "./announce"

/**
 * The toast is a popover, so it is above the modal dialogs that opened before it. It is shown again
 * when another dialog opens.
 */
function Toast({ told, openDialogs }: { told: Told; openDialogs: number }) {
  const { text, action, isOffer } = told
  const element = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    const shown = element.current
    // browsers from before 2024 have no popovers, and show the toast below a dialog
    if (!shown || !("showPopover" in shown)) return
    if (shown.matches(":popover-open")) shown.hidePopover()
    shown.showPopover()
  }, [told, openDialogs])
  return (
    <div class="toast" popover="manual" ref={element}>
      {/* hidden from screen readers, because the live region tells them the text */}
      <span aria-hidden="true">{text}</span>
      {action && (
        <button
          type="button"
          class="link"
          onClick={() => {
            endToast()
            action.act()
          }}
        >
          {action.label}
        </button>
      )}
      {isOffer && (
        <button type="button" class="link" onClick={endToast}>
          Later
        </button>
      )}
    </div>
  )
}

/** The text for screen readers. They ignore the page behind a modal dialog, so dialogs have it. */
export function Said({ testId }: { testId?: string }) {
  return (
    <div class="sr-only" aria-live="polite" data-testid={testId}>
      {said}
    </div>
  )
}

export function Announcer() {
  return (
    <>
      <Said testId="announcer" />
      {toast.value && <Toast told={toast.value} openDialogs={dialogs.value} />}
    </>
  )
}
