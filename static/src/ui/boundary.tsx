// Shows a page with a way out when a part of the app fails, so that the screen is never empty.
import { Component, type ComponentChildren, type ComponentType } from "preact"
import { lazy } from "preact/compat"
import { loadPart } from "../lib/upgrade"

interface Props {
  children: ComponentChildren
}

export class Boundary extends Component<Props, { hasFailed: boolean }> {
  override state = { hasFailed: false }

  static override getDerivedStateFromError = () => ({ hasFailed: true })

  override componentDidCatch(error: unknown): void {
    reportError(error)
  }

  override render() {
    if (!this.state.hasFailed) return this.props.children
    return (
      <main class="page narrow">
        <h1>This page could not be shown</h1>
        <p role="alert">
          The server may have been updated, or the connection is gone. What you typed is kept in
          this browser.
        </p>
        <p>
          <button type="button" class="primary" onClick={() => location.reload()}>
            Load the page again
          </button>{" "}
          <a class="button" href="/">
            Back to your sessions
          </a>
        </p>
      </main>
    )
  }
}

type Loading<P> = ComponentType<P> & {
  /** loads the code ahead of the first use; a failure is reported when the component is shown */
  load: () => void
}

/** Return a component whose code is loaded when it is first shown, or before that by its `load`. */
export function lazily<P>(load: () => Promise<{ default: ComponentType<P> }>): Loading<P> {
  const ahead = () => void load().catch(() => undefined)
  return Object.assign(
    lazy<ComponentType<P>>(() => loadPart(load)),
    { load: ahead },
  )
}
