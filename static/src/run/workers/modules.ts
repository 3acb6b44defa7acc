// Turns the session's JavaScript and TypeScript files into modules. They may import each other.
import { transform } from "sucrase"
import { parse, type Token } from "sucrase/dist/esm/parser"
import { TokenType } from "sucrase/dist/esm/parser/tokenizer/types"
import type { Program } from "../protocol"
import { resolve } from "./resolve"

const isTypeScript = (name: string) => /\.[cm]?tsx?$/.test(name)

/** The syntax is wrong at a place, as sucrase reports it. */
interface WrongSyntax {
  message: string
  loc?: { line: number; column: number }
}

/**
 * The places of the addresses that a module imports: `from "./a"`, `import "./a"`, `import("./a")`.
 */
function importsOf(code: string): Token[] {
  const { tokens } = parse(code, true, false, false)
  return tokens.filter((token, index) => {
    const before = tokens[index - 1]
    if (token.type !== TokenType.string || !before) return false
    const isFrom = before.type === TokenType.name && code.slice(before.start, before.end) === "from"
    const opener = before.type === TokenType.parenL ? tokens[index - 2] : before
    return isFrom || opener?.type === TokenType._import
  })
}

/**
 * The modules of one program. Each file becomes a blob, and imports of other files become the
 * addresses of their blobs. The numbers of the lines do not change, so errors name the right lines.
 */
export class Modules {
  private readonly urls = new Map<string, string>()
  private readonly names = new Map<string, string>()
  private syntax = ""

  constructor(private readonly program: Program) {}

  async run(): Promise<void> {
    const url = this.urlOf(this.program.entry, [])
    await import(/* @vite-ignore */ url)
  }

  private urlOf(name: string, above: string[]): string {
    const known = this.urls.get(name)
    if (known) return known
    if (above.includes(name))
      throw new Error(`${[...above, name].join(" imports ")}: files cannot import each other here`)
    const code = this.linked(name, this.plain(name), [...above, name])
    const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }))
    this.urls.set(name, url)
    this.names.set(url, name)
    return url
  }

  /** The code of a file without types. */
  private plain(name: string): string {
    const code = this.program.files[name] ?? ""
    if (!isTypeScript(name)) return code
    try {
      return transform(code, { transforms: ["typescript"], disableESTransforms: true }).code
    } catch (error) {
      throw new SyntaxError(this.wrong(name, error as WrongSyntax))
    }
  }

  /** The code of a module, in which imports of other files have the addresses of their blobs. */
  private linked(name: string, code: string, above: string[]): string {
    let imports: Token[]
    try {
      imports = importsOf(code)
    } catch (error) {
      // The browser may know newer syntax than sucrase. If the browser refuses the code too, this
      // error tells the place.
      this.syntax ||= this.wrong(name, error as WrongSyntax)
      return code
    }
    let text = ""
    let end = 0
    for (const token of imports) {
      const target = resolve(code.slice(token.start + 1, token.end - 1), name, this.program.files)
      if (target === null) continue
      text += code.slice(end, token.start) + JSON.stringify(this.urlOf(target, above))
      end = token.end
    }
    return text + code.slice(end)
  }

  private wrong(name: string, { message, loc }: WrongSyntax): string {
    const plain = message.replace(/^Error transforming [^:]*: /, "").replace(/ \(\d+:\d+\)$/, "")
    return loc ? `${plain} (${name}:${loc.line}:${loc.column + 1})` : plain
  }

  /** The text of an error: its stack, with names of files, and without the lines of this worker. */
  describe(error: unknown): string {
    if (!(error instanceof Error)) return `Uncaught ${String(error)}`
    if (error instanceof SyntaxError && this.syntax) return `SyntaxError: ${this.syntax}`
    const head = `${error.name}: ${error.message}`
    const stack = error.stack ?? head
    const text = stack.startsWith(error.name) ? stack : `${head}\n${stack}`
    const named = [...this.names].reduce((all, [url, name]) => all.replaceAll(url, name), text)
    return named
      .split("\n")
      .filter((line) => !line.includes("blob:"))
      .join("\n")
  }
}
