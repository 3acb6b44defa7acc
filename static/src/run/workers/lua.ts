// Runs Lua by wasmoon, which is Lua 5.4 compiled to WebAssembly.
import { LuaFactory } from "wasmoon"
import { LUA_WASM } from "../runtimes"
import { NOWHERE, offline } from "./offline"
import START from "./start.lua?raw"
import { serve } from "./serve"

serve(async (assets) => {
  const compiled = assets[LUA_WASM.path] as WebAssembly.Module
  const [factory, lua] = await offline(compiled, new ArrayBuffer(0), async () => {
    const made = new LuaFactory(`${NOWHERE}glue.wasm`)
    return [made, await made.createEngine()] as const
  })
  return async ({ files, entry, stdin }, { output }) => {
    for (const [name, text] of Object.entries(files)) await factory.mountFile(name, text)
    const lines = stdin === "" ? [] : stdin.replace(/\n$/, "").split("\n")
    lua.global.set("_write", (text: string) => output.write("out", text))
    lua.global.set("_fail", (text: string) => output.write("err", text))
    lua.global.set("_read", () => lines.shift())
    lua.global.set("_entry", entry)
    return (await lua.doString(START)) as number
  }
})
