// Finds out when a script has nothing more to do, because a worker does not report this.

type Handler = (...given: unknown[]) => void

/** Counts the timers that a program has set, by replacing the global functions. */
export class Timers {
  private readonly waiting = new Set<number>()
  private done: (() => void) | null = null
  private readonly later = self.setTimeout.bind(self)

  constructor() {
    const setTimeout = self.setTimeout.bind(self)
    const setInterval = self.setInterval.bind(self)
    const clearTimeout = self.clearTimeout.bind(self)
    const once = (handler: unknown, ms?: number, ...given: unknown[]) => {
      const id = setTimeout(() => {
        try {
          if (typeof handler === "function") (handler as Handler)(...given)
        } finally {
          this.ended(id)
        }
      }, ms)
      this.waiting.add(id)
      return id
    }
    const often = (handler: unknown, ms?: number, ...given: unknown[]) => {
      const id = setInterval(() => {
        if (typeof handler === "function") (handler as Handler)(...given)
      }, ms)
      this.waiting.add(id)
      return id
    }
    const clear = (id?: number) => {
      clearTimeout(id)
      if (id !== undefined) this.ended(id)
    }
    const replaced = { setTimeout: once, setInterval: often, clearTimeout: clear }
    Object.assign(self, replaced, { clearInterval: clear })
  }

  /** Resolve when no timer waits and the callbacks of settled promises have run. */
  idle(): Promise<void> {
    return new Promise((done) => {
      this.done = done
      this.check()
    })
  }

  private ended(id: number): void {
    this.waiting.delete(id)
    this.check()
  }

  private check(): void {
    if (this.done)
      this.later(() => {
        if (this.waiting.size === 0) this.done?.()
      })
  }
}
