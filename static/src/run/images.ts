// Copies of the memory of runtimes. A worker starts faster from one than from the runtime's files.

/**
 * Has one image of each kind at most. It is made for the second worker, while nobody waits for it.
 *
 * A worker that starts from an image shares nothing with another one, as each has its own copy.
 */
export class Images<Kind> {
  private readonly used = new Set<Kind>()
  private readonly made = new Map<Kind, Promise<ArrayBuffer | null>>()

  constructor(private readonly make: (kind: Kind) => Promise<ArrayBuffer>) {}

  /** The image for the next worker; null for the first one, and if no image can be made. */
  next(kind: Kind): Promise<ArrayBuffer | null> {
    if (!this.used.has(kind)) {
      this.used.add(kind)
      return Promise.resolve(null)
    }
    const made = this.made.get(kind) ?? this.make(kind).catch(() => null)
    this.made.set(kind, made)
    return made
  }
}
