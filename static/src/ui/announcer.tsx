import { useLayoutEffect, useRef } from "preact/hooks"
import { dialogs, said, toast } from "./announce"

/**
 * As a popover it lies over modal dialogs, if it was shown after them: so it is shown again when
 * one opens.
 */
function Toast({ text, openDialogs }: { text: string; openDialogs: number }) {
  const element = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    const shown = element.current
    // browsers from before 2024 show it under a dialog
    if (!shown || !("showPopover" in shown)) return
    if (shown.matches(":popover-open")) shown.hidePopover()
    shown.showPopover()
  }, [text, openDialogs])
  return (
    <div class="toast" popover="manual" aria-hidden="true" ref={element}>
      {text}
    </div>
  )
}

/** Screen readers hear nothing of what lies behind a modal dialog, so each dialog has this too. */
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
      {toast.value && <Toast text={toast.value} openDialogs={dialogs.value} />}
    </>
  )
}
