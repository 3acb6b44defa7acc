// Runs Python by Pyodide, which is CPython compiled to WebAssembly.
import { loadPyodide, type PyodideAPI } from "pyodide"
import { type Assets, IMAGE, type Program } from "../protocol"
import { PYTHON_GLUE, PYTHON_LIBRARY, PYTHON_WASM } from "../runtimes"
import { NOWHERE, offline } from "./offline"
import START from "./start.py?raw"
import { type Execute, serve, type Stage } from "./serve"

const HOME = "/home/user"
/** The number of pictures that one run may show, and the largest size of a picture in bytes. */
const PICTURES = 4
const PICTURE_BYTES = 256 * 1024
const PICTURE_TYPES: Readonly<Record<string, string>> = { png: "image/png", svg: "image/svg+xml" }

type Options = Parameters<typeof loadPyodide>[0]

const bytesOf = (assets: Assets, path: string) => assets[path] as ArrayBuffer

const load = async (assets: Assets, more: object): Promise<PyodideAPI> => {
  const url = URL.createObjectURL(
    new Blob([bytesOf(assets, PYTHON_GLUE.path)], { type: "text/javascript" }),
  )
  const glue = (await import(/* @vite-ignore */ url)) as { default: unknown }
  const options = {
    createPyodideModule: glue.default,
    indexURL: NOWHERE,
    packageBaseUrl: NOWHERE,
    lockFileContents: LOCK,
    env: { HOME },
    ...more,
  }
  return offline(
    assets[PYTHON_WASM.path] as WebAssembly.Module,
    bytesOf(assets, PYTHON_LIBRARY.path),
    () => loadPyodide(options as unknown as Options),
  )
}

/** No packages besides the standard library. */
const LOCK = JSON.stringify({
  info: { abi_version: "2026_0", arch: "wasm32", platform: "", python: "3.14", version: "314.0.7" },
  packages: {},
})

/** The method of Python's global names that is used here. Pyodide has no type for it. */
interface Globals {
  set: (name: string, value: unknown) => void
}

/** Whether Python can wait for a promise in the middle of a function. */
const canWait = "Suspending" in WebAssembly && "promising" in WebAssembly

function connect(pyodide: PyodideAPI, { canAsk }: Program, { output, input }: Stage): void {
  pyodide.setStdin({ stdin: () => input.next() ?? undefined })
  const globals = pyodide.globals as unknown as Globals
  // Pyodide makes None of undefined, but not of null
  const ask = async () => (await input.line()) ?? undefined
  if (canAsk && canWait) globals.set("_ask", ask)
  const writer = (to: "out" | "err") => {
    const decoder = new TextDecoder()
    return {
      write: (bytes: Uint8Array) => {
        output.write(to, decoder.decode(bytes, { stream: true }))
        return bytes.length
      },
    }
  }
  pyodide.setStdout(writer("out"))
  pyodide.setStderr(writer("err"))
}

/** The methods of Pyodide's file system that are used here. Pyodide has no types for them. */
interface FileSystem {
  mkdirTree: (path: string) => void
  writeFile: (path: string, text: string) => void
  readdir: (path: string) => string[]
  readFile: (path: string) => Uint8Array<ArrayBuffer>
}

function writeFiles(disk: FileSystem, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    const path = `${HOME}/${name}`
    disk.mkdirTree(path.slice(0, path.lastIndexOf("/")))
    disk.writeFile(path, text)
  }
}

/** Show the pictures that the program has written into its folder. */
function showPictures(disk: FileSystem, program: Program, { picture }: Stage): void {
  const made = disk
    .readdir(HOME)
    .filter((name) => /\.(png|svg)$/.test(name) && !Object.hasOwn(program.files, name))
  for (const name of made.slice(0, PICTURES)) {
    const bytes = disk.readFile(`${HOME}/${name}`)
    const type = PICTURE_TYPES[name.slice(-3)]
    if (type && bytes.length <= PICTURE_BYTES) picture(type, bytes.slice().buffer)
  }
}

/** A copy of the memory of Python with the modules that every start needs. */
async function imageOf(assets: Assets): Promise<ArrayBuffer> {
  const pyodide = await load(assets, { _makeSnapshot: true })
  pyodide.runPython(`${START}\n_load_modules()`)
  return pyodide.makeMemorySnapshot().buffer as ArrayBuffer
}

async function prepare(assets: Assets): Promise<Execute> {
  const image = assets[IMAGE] as ArrayBuffer | undefined
  const pyodide = await load(assets, image ? { _loadSnapshot: image } : {})
  if (!image) pyodide.runPython(START)
  return async (program, stage) => {
    const disk = pyodide.FS as FileSystem
    writeFiles(disk, program.files)
    connect(pyodide, program, stage)
    // a string in JSON is also a string literal in Python, with the same text
    const exit = (await pyodide.runPythonAsync(
      `_start(${JSON.stringify(program.entry)})`,
    )) as number
    showPictures(disk, program, stage)
    return exit
  }
}

serve(prepare, imageOf)
