import { fileURLToPath } from "node:url"
import { defineConfig } from "vite"

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  root: here("src"),
  base: "/static/dist/",
  // relative file names only: the output must not depend on where it is built
  build: {
    outDir: process.env.OUT_DIR ?? here("dist"),
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
    rollupOptions: { output: { hashCharacters: "hex" } },
  },
  esbuild: { jsx: "automatic", jsxImportSource: "preact", legalComments: "none" },
  resolve: {
    // CodeMirror's styles without <style> elements, which the policy forbids
    alias: [{ find: /^style-mod$/, replacement: here("src/lib/stylemod.ts") }],
    dedupe: ["yjs"],
  },
})
