// Builds the parts that run people's programs, into dist/run: the page of the isolated frame
// (src/run), its workers, and the runtimes of other projects. The app itself is built by
// vite.config.ts.
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"
import { defineConfig, type Plugin } from "vite"
import { FOLDERS, RUNTIME_FILES } from "./src/run/runtimes"

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** The licence of a package, from the package or, if it has none, from src/run/licences. */
function licence(name: string): Buffer {
  try {
    return readFileSync(here(`node_modules/${name}/LICENSE`))
  } catch {
    return readFileSync(here(`src/run/licences/${name}.txt`))
  }
}

/**
 * Adds the runtimes, and stores each file except pages compressed by gzip only. The server sends
 * the files unchanged. If it compressed 10 MB itself, all sessions would stop for half a second.
 */
const packed = (): Plugin => ({
  name: "packed-runtimes",
  enforce: "post",
  generateBundle(_options, bundle) {
    const add = (fileName: string, content: Uint8Array) =>
      this.emitFile({
        type: "asset",
        fileName: `${fileName}.gz`,
        source: gzipSync(content, { level: 9 }),
      })
    for (const [name, file] of Object.entries(bundle)) {
      if (name.endsWith(".html")) continue
      add(name, Buffer.from(file.type === "chunk" ? file.code : file.source))
      delete bundle[name]
    }
    for (const { path, source, bytes } of RUNTIME_FILES) {
      const content = readFileSync(here(`node_modules/${source}`))
      if (content.length !== bytes)
        this.error(`${source} has ${content.length} bytes, not ${bytes}`)
      add(path, content)
    }
    for (const [name, folder] of Object.entries(FOLDERS))
      add(`${folder}/LICENSE.txt`, licence(name))
    add("assets/sucrase.LICENSE.txt", licence("sucrase"))
  },
})

const output = {
  entryFileNames: "assets/[name]-[hash].js",
  chunkFileNames: "assets/[name]-[hash].js",
  assetFileNames: "assets/[name]-[hash][extname]",
  hashCharacters: "hex" as const,
}

export default defineConfig({
  root: here("src/run"),
  base: "/static/run/",
  build: {
    outDir: process.env.OUT_DIR ?? here("dist/run"),
    emptyOutDir: true,
    target: "es2022",
    modulePreload: false,
    chunkSizeWarningLimit: 700,
    rollupOptions: { input: [here("src/run/index.html"), here("src/run/preview.html")], output },
  },
  // A worker is one file, which the frame gets as text. So its code must not import anything by
  // address.
  worker: { format: "iife", rollupOptions: { output: { ...output, inlineDynamicImports: true } } },
  esbuild: { legalComments: "none" },
  resolve: {
    alias: [{ find: /^(node:.*|module|ws)$/, replacement: here("src/run/workers/nothing.ts") }],
  },
  plugins: [packed()],
})
