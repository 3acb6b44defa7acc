// The files that workers need. The app requests them, and they stay here for all later runs.
import type { Engine } from "./engines"
import type { Assets, Wanted } from "./protocol"

type Content = ArrayBuffer | WebAssembly.Module

/** Each file is requested once, and WebAssembly is compiled once. */
export class Store {
  private readonly files = new Map<string, Promise<Content>>()
  private readonly arrive = new Map<string, (bytes: ArrayBuffer) => void>()

  constructor(private readonly want: (files: Wanted[]) => void) {}

  /** Return the code of an engine's worker and its files, after requesting what is missing. */
  async get({ script, files }: Engine): Promise<{ code: ArrayBuffer; assets: Assets }> {
    const requested = [{ path: script, bytes: 0 }, ...files]
    const missing = requested.filter(({ path }) => !this.files.has(path))
    for (const { path } of missing) this.files.set(path, this.arrival(path))
    if (missing.length > 0) this.want(missing.map(({ path, bytes }) => ({ path, bytes })))
    const assets: Assets = {}
    for (const { path } of files) assets[path] = await this.content(path)
    return { code: (await this.content(script)) as ArrayBuffer, assets }
  }

  private content(path: string): Promise<Content> {
    return this.files.get(path) ?? Promise.reject(new Error(`${path} was not requested`))
  }

  private async arrival(path: string): Promise<Content> {
    const bytes = await new Promise<ArrayBuffer>((done) => this.arrive.set(path, done))
    return path.endsWith(".wasm") ? WebAssembly.compile(bytes) : bytes
  }

  given(path: string, bytes: ArrayBuffer): void {
    this.arrive.get(path)?.(bytes)
  }
}
