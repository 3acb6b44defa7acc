/// <reference types="vitest/config" />
import { createHash } from "node:crypto"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { build, defineConfig, type Plugin, type ProxyOptions } from "vite"
import { SERVED } from "./src/lib/addresses"
import { entryIn, type Shell } from "./src/worker/shell"

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** The address of the server that `make web-dev` uses. */
const SERVER = process.env.SERVER ?? "http://localhost:5000"

/**
 * The server answers all requests except those for the sources, and also has the WebSockets. The
 * server answers only pages of its own origin. So the origin of this development server is replaced
 * by the server's. Every other origin stays, and the server refuses it. Otherwise, any page in the
 * developer's browser could act with the developer's cookies.
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

/** Adds the licences of the fonts, which must be wherever the fonts are. */
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

/** The files that the service worker keeps, from the folder of the build. */
function shellOf(folder: string): Shell {
  const html = readFileSync(join(folder, "index.html"), "utf8")
  const names = readdirSync(join(folder, "assets")).sort()
  const icon = readFileSync(here("icon.svg"))
  const revision = createHash("sha256").update(html).update(names.join()).update(icon)
  return {
    revision: revision.digest("hex").slice(0, 16),
    entry: entryIn(html),
    files: [...names.map((name) => `/static/dist/assets/${name}`), "/static/icon.svg"],
  }
}

/** Builds the service worker last, because it lists all other files. */
function serviceWorker(): Plugin {
  let folder = ""
  return {
    name: "service-worker",
    apply: "build",
    configResolved: (config) => {
      folder = config.build.outDir
    },
    closeBundle: async () => {
      await build({
        configFile: false,
        logLevel: "warn",
        publicDir: false,
        define: { SHELL: JSON.stringify(shellOf(folder)) },
        build: {
          outDir: folder,
          emptyOutDir: false,
          target: "es2022",
          modulePreload: false,
          rollupOptions: {
            input: here("src/worker/sw.ts"),
            output: { format: "iife", entryFileNames: "sw.js" },
          },
        },
      })
    },
  }
}

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
    // Terser makes the session's first load 6 kB smaller than esbuild does.
    minify: "terser",
    terserOptions: { compress: { passes: 2 }, format: { comments: false } },
    rollupOptions: { output: { hashCharacters: "hex", experimentalMinChunkSize: 1_000 } },
  },
  plugins: [licences(), serviceWorker()],
  // styles.test.ts reads the style sheets, which would otherwise be empty in tests
  test: { css: true },
  server: { proxy: { "^/(?!static/dist/)": toServer }, strictPort: true },
  esbuild: { jsx: "automatic", jsxImportSource: "preact", legalComments: "none" },
  resolve: {
    // CodeMirror's styles without <style> elements, which the content security policy forbids
    alias: [
      { find: /^style-mod$/, replacement: here("src/lib/stylemod.ts") },
      { find: /^lib0\/logging$/, replacement: here("src/lib/yjs_logging.ts") },
    ],
    dedupe: ["yjs"],
  },
})
