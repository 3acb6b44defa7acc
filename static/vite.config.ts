/// <reference types="vitest/config" />
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { defineConfig, type Plugin, type ProxyOptions } from "vite"
import { SERVED } from "./src/lib/addresses"

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** The address of the server that `make web-dev` uses. */
const SERVER = process.env.SERVER ?? "http://localhost:5000"

/**
 * Everything except the sources comes from the server, also WebSockets. The server answers only
 * pages of its own origin. So the origin of this development server is replaced by the server's.
 * Every other origin stays, and the server refuses it. Otherwise, any page in the developer's
 * browser could act with the developer's cookies.
 */
const toServer: ProxyOptions = {
  target: SERVER,
  changeOrigin: true,
  ws: true,
  bypass: ({ url = "/", headers: { accept = "" } }) =>
    accept.includes("text/html") && !SERVED.test(url) ? "/static/dist/index.html" : undefined,
  configure: (proxy) => {
    for (const event of ["proxyReq", "proxyReqWs"] as const)
      proxy.on(event, (request, { headers, url = "" }) => {
        // the policy of these pages names the host of their scripts
        if (url.startsWith("/run/") && headers.host) request.setHeader("Host", headers.host)
        if (headers.origin === `http://${headers.host}`)
          request.setHeader("Origin", new URL(SERVER).origin)
      })
  },
}

/** Adds the licences of the fonts, which must go wherever the fonts go. */
const licences = (): Plugin => ({
  name: "licences-of-fonts",
  apply: "build",
  generateBundle() {
    for (const font of ["inter", "jetbrains-mono"])
      this.emitFile({
        type: "asset",
        fileName: `assets/${font}.LICENSE.txt`,
        source: readFileSync(here(`src/fonts/${font}.LICENSE.txt`)),
      })
  },
})

export default defineConfig({
  root: here("src"),
  base: "/static/dist/",
  // file names are relative, because the output must not depend on where it is built
  build: {
    outDir: process.env.OUT_DIR ?? here("dist"),
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
    rollupOptions: { output: { hashCharacters: "hex" } },
  },
  plugins: [licences()],
  // styles.test.ts reads the style sheets, which would otherwise be empty in tests
  test: { css: true },
  server: { proxy: { "^/(?!static/dist/)": toServer }, strictPort: true },
  esbuild: { jsx: "automatic", jsxImportSource: "preact", legalComments: "none" },
  resolve: {
    // CodeMirror's styles without <style> elements, which the content security policy forbids
    alias: [{ find: /^style-mod$/, replacement: here("src/lib/stylemod.ts") }],
    dedupe: ["yjs"],
  },
})
