import { said, toast } from "./announce"

export function Announcer() {
  return (
    <>
      <div class="sr-only" aria-live="polite" data-testid="announcer">
        {said}
      </div>
      {toast.value && (
        <div class="toast" aria-hidden="true">
          {toast.value}
        </div>
      )}
    </>
  )
}
