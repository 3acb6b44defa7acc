import { LanguageSupport } from "@codemirror/language"
import { expect, it } from "vitest"
import { LANGUAGES, languageName, languagePack, suffixOf } from "./languages"

const nameOf = async (file: string, language: string) => {
  const pack = await languagePack(file, language)
  return pack instanceof LanguageSupport ? pack.language.name : pack
}

it("chooses the pack by the file's suffix, otherwise by the session's language", async () => {
  expect(await nameOf("util.py", "css")).toBe("python")
  expect(await nameOf("UTIL.PY", "css")).toBe("python")
  expect(await nameOf("a.py.css", "python")).toBe("css")
  expect(await nameOf("README", "css")).toBe("css")
  expect(await nameOf("strange.xyz", "css")).toBe("css")
})

it("has no pack for an unknown language", async () => {
  expect(await nameOf("README", "klingon")).toEqual([])
  expect(languageName("klingon")).toBe("klingon")
  expect(suffixOf("klingon")).toBe("txt")
})

it("loads every language", async () => {
  expect(new Set(LANGUAGES.map((language) => language.suffix)).size).toBe(LANGUAGES.length)
  for (const { load } of LANGUAGES) expect(await load()).toBeDefined()
})
