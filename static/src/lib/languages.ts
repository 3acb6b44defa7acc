// Languages for interviews and lessons. Each language pack is loaded when it is needed.
import type { StreamParser } from "@codemirror/language"
import type { Extension } from "@codemirror/state"

export interface Language {
  id: string
  name: string
  suffix: string
  load: () => Promise<Extension>
  starter?: string
}

const stream = async <State>(mode: StreamParser<State>) => (await import("./stream")).fromMode(mode)
const clike = (name: "csharp" | "kotlin" | "scala") => async () =>
  stream((await import("@codemirror/legacy-modes/mode/clike"))[name])
const script = (options: object) => async () =>
  (await import("@codemirror/lang-javascript")).javascript(options)
const cpp = async () => (await import("@codemirror/lang-cpp")).cpp()

export const LANGUAGES: Language[] = [
  {
    id: "javascript",
    name: "JavaScript",
    suffix: "js",
    load: script({ jsx: true }),
    starter:
      'function greet(name) {\n  return `Hello, ${name}!`\n}\n\nconsole.log(greet("world"))\n',
  },
  {
    id: "typescript",
    name: "TypeScript",
    suffix: "ts",
    load: script({ typescript: true, jsx: true }),
    starter:
      'function greet(name: string): string {\n  return `Hello, ${name}!`\n}\n\nconsole.log(greet("world"))\n',
  },
  {
    id: "python",
    name: "Python",
    suffix: "py",
    load: async () => (await import("@codemirror/lang-python")).python(),
    starter:
      'def greet(name: str) -> str:\n    return f"Hello, {name}!"\n\n\nif __name__ == "__main__":\n    print(greet("world"))\n',
  },
  {
    id: "java",
    name: "Java",
    suffix: "java",
    load: async () => (await import("@codemirror/lang-java")).java(),
    starter:
      'public class Main {\n    public static void main(String[] args) {\n        System.out.println("Hello, world!");\n    }\n}\n',
  },
  {
    id: "c",
    name: "C",
    suffix: "c",
    load: cpp,
    starter:
      '#include <stdio.h>\n\nint main(void) {\n    printf("Hello, world!\\n");\n    return 0;\n}\n',
  },
  {
    id: "cpp",
    name: "C++",
    suffix: "cpp",
    load: cpp,
    starter: '#include <iostream>\n\nint main() {\n    std::cout << "Hello, world!\\n";\n}\n',
  },
  {
    id: "csharp",
    name: "C#",
    suffix: "cs",
    load: clike("csharp"),
    starter: 'using System;\n\nConsole.WriteLine("Hello, world!");\n',
  },
  {
    id: "go",
    name: "Go",
    suffix: "go",
    load: async () => (await import("@codemirror/lang-go")).go(),
    starter: 'package main\n\nimport "fmt"\n\nfunc main() {\n\tfmt.Println("Hello, world!")\n}\n',
  },
  {
    id: "rust",
    name: "Rust",
    suffix: "rs",
    load: async () => (await import("@codemirror/lang-rust")).rust(),
    starter: 'fn main() {\n    println!("Hello, world!");\n}\n',
  },
  {
    id: "sql",
    name: "SQL",
    suffix: "sql",
    load: async () => (await import("@codemirror/lang-sql")).sql(),
    starter:
      "SELECT name, count(*) AS orders\nFROM customers\nJOIN orders USING (customer_id)\nGROUP BY name;\n",
  },
  {
    id: "html",
    name: "HTML",
    suffix: "html",
    load: async () => (await import("@codemirror/lang-html")).html(),
    starter:
      '<!doctype html>\n<html lang="en">\n  <title>Hello</title>\n  <h1>Hello, world!</h1>\n</html>\n',
  },
  {
    id: "css",
    name: "CSS",
    suffix: "css",
    load: async () => (await import("@codemirror/lang-css")).css(),
  },
  {
    id: "markdown",
    name: "Markdown",
    suffix: "md",
    load: async () => (await import("@codemirror/lang-markdown")).markdown(),
  },
  {
    id: "json",
    name: "JSON",
    suffix: "json",
    load: async () => (await import("@codemirror/lang-json")).json(),
  },
  {
    id: "ruby",
    name: "Ruby",
    suffix: "rb",
    load: async () => stream((await import("@codemirror/legacy-modes/mode/ruby")).ruby),
    starter: 'puts "Hello, world!"\n',
  },
  {
    id: "php",
    name: "PHP",
    suffix: "php",
    load: async () => (await import("@codemirror/lang-php")).php(),
    starter: '<?php\n\necho "Hello, world!\\n";\n',
  },
  {
    id: "kotlin",
    name: "Kotlin",
    suffix: "kt",
    load: clike("kotlin"),
    starter: 'fun main() {\n    println("Hello, world!")\n}\n',
  },
  {
    id: "swift",
    name: "Swift",
    suffix: "swift",
    load: async () => stream((await import("@codemirror/legacy-modes/mode/swift")).swift),
    starter: 'print("Hello, world!")\n',
  },
  {
    id: "lua",
    name: "Lua",
    suffix: "lua",
    load: async () => stream((await import("@codemirror/legacy-modes/mode/lua")).lua),
    starter: 'print("Hello, world!")\n',
  },
  { id: "scala", name: "Scala", suffix: "scala", load: clike("scala") },
  {
    id: "shell",
    name: "Shell",
    suffix: "sh",
    load: async () => stream((await import("@codemirror/legacy-modes/mode/shell")).shell),
    starter: '#!/usr/bin/env bash\nset -euo pipefail\n\necho "Hello, world!"\n',
  },
  {
    id: "yaml",
    name: "YAML",
    suffix: "yaml",
    load: async () => stream((await import("@codemirror/legacy-modes/mode/yaml")).yaml),
  },
  { id: "plaintext", name: "Plain text", suffix: "txt", load: () => Promise.resolve([]) },
]

export const languageName = (id: string) =>
  LANGUAGES.find((language) => language.id === id)?.name ?? id

export const suffixOf = (id: string) =>
  LANGUAGES.find((language) => language.id === id)?.suffix ?? "txt"

/** The language of a file: by its suffix, or else the session's. */
export function languageOfFile(name: string, sessionLanguage: string): string {
  const suffix = name.slice(name.lastIndexOf(".") + 1 || name.length).toLowerCase()
  return LANGUAGES.find((language) => language.suffix === suffix)?.id ?? sessionLanguage
}

/**
 * The language pack for a file, see `languageOfFile`. If a pack cannot be loaded, the text has no
 * colours.
 */
export async function languagePack(file: string, sessionLanguage: string): Promise<Extension> {
  const id = languageOfFile(file, sessionLanguage)
  const pack = LANGUAGES.find((language) => language.id === id)?.load()
  return pack ? pack.catch(() => []) : []
}

/** All languages with their names, and the present one if only another program knows it. */
export const languageChoices = (present: string): [string, string][] => [
  ...(LANGUAGES.some((language) => language.id === present)
    ? []
    : [[present, present] as [string, string]]),
  ...LANGUAGES.map((language): [string, string] => [language.id, language.name]),
]
