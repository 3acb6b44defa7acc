// Keeps one spare worker of a language for the next run, loaded or still loading.

/** Something that takes long to make, such as a worker with its runtime. */
interface Costly {
  end(): void
}

export class Spare<Kind, Made extends Costly> {
  private kept: { kind: Kind; made: Promise<Made> } | null = null

  constructor(private readonly make: (kind: Kind) => Promise<Made>) {}

  /** Return the spare one, even if it is still being made, or else a new one. */
  take(kind: Kind): Promise<Made> {
    const { kept } = this
    this.kept = null
    if (kept?.kind === kind) return kept.made
    kept?.made.then((made) => made.end()).catch(() => undefined)
    return this.make(kind)
  }

  /** Begin to make one, unless there is one already. */
  keep(kind: Kind): void {
    if (this.kept) return
    const made = this.make(kind)
    // It may fail while nobody waits for it. The run that takes it is told.
    made.catch(() => undefined)
    this.kept = { kind, made }
  }
}
