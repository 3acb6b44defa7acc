import { strToU8, zipSync } from "fflate"
import { expect, it } from "vitest"
import { TakenNames } from "./names"
import { type Candidate, readPicked, sorted } from "./uploads"

const candidate = (path: string, content: string | Uint8Array = "text"): Candidate => ({
  path,
  bytes: typeof content === "string" ? strToU8(content) : content,
})
const take = (candidates: Candidate[], folder = "", inUse: string[] = []) =>
  sorted(candidates, folder, new TakenNames(inUse))
const zip = (files: Record<string, Uint8Array>, name = "all.zip") => ({
  path: name,
  file: new File([new Uint8Array(zipSync(files))], name),
})

it("takes texts under free names, and makes their line breaks uniform", () => {
  const { taken, refused } = take(
    [candidate("./a.py", "\ufeffone\r\ntwo\rthree\n"), candidate("in/é.txt", "é"), candidate("b")],
    "src",
    ["src/A.py"],
  )
  expect(taken).toEqual([
    { name: "src/a 2.py", text: "one\ntwo\nthree\n" },
    { name: "src/in/é.txt", text: "é" },
    { name: "src/b", text: "text" },
  ])
  expect(refused).toEqual([])
})

it("says which files it refuses, and why", () => {
  const large = "x".repeat(1 << 20)
  const { taken, refused } = take([
    candidate("nul.txt", "a\0b"),
    candidate("picture.png", new Uint8Array([0x89, 0x50, 0xff])),
    candidate("../up.txt"),
    candidate("back\\slash.txt"),
    candidate("small.txt"),
    candidate("large.txt", large),
  ])
  expect(taken.map(({ name }) => name)).toEqual(["small.txt"])
  expect(refused).toEqual([
    { path: "nul.txt", why: "It is not a text file in UTF-8." },
    { path: "picture.png", why: "It is not a text file in UTF-8." },
    { path: "../up.txt", why: "A part of a name cannot be . or .." },
    { path: "back\\slash.txt", why: "Use / for folders: a name has no backslash." },
    { path: "large.txt", why: "With it, the text would be larger than 1 MiB." },
  ])
})

it("takes at most 200 files", () => {
  const { taken, refused } = take(Array.from({ length: 202 }, (_, at) => candidate(`${at}.txt`)))
  expect(taken.length).toBe(200)
  expect(refused).toEqual([
    { path: "200.txt", why: "There are more than 200 files." },
    { path: "201.txt", why: "There are more than 200 files." },
  ])
})

it("unpacks zip files, without folders and without files that systems add", async () => {
  const { candidates, refused } = await readPicked([
    zip({
      "src/": new Uint8Array(),
      "src/a.py": strToU8("a"),
      "__MACOSX/._a.py": strToU8("x"),
      ".DS_Store": strToU8("x"),
    }),
    { path: "b.txt", file: new File(["b"], "b.txt") },
  ])
  expect(candidates.map(({ path }) => path)).toEqual(["src/a.py", "b.txt"])
  expect(refused).toEqual([])
})

it("unpacks no file that is too large, nor too many, and refuses a damaged zip file", async () => {
  const many = Array.from({ length: 201 }, (_, at): [string, Uint8Array] => [
    `${at}.txt`,
    strToU8("x"),
  ])
  const { candidates, refused } = await readPicked([
    zip({ "bomb.txt": new Uint8Array(30 << 20) }, "bomb.zip"),
    zip(Object.fromEntries([...many].map(([name, bytes]) => [`m/${name}`, bytes])), "many.zip"),
    { path: "broken.zip", file: new File(["no zip file"], "broken.zip") },
    { path: "large.txt", file: new File(["x".repeat((1 << 20) + 1)], "large.txt") },
  ])
  expect(candidates.length).toBe(200)
  expect(refused).toEqual([
    { path: "bomb.txt", why: "It is larger than 1 MiB." },
    { path: "m/200.txt", why: "There are more than 200 files." },
    { path: "broken.zip", why: "This zip file cannot be read." },
    { path: "large.txt", why: "It is larger than 1 MiB." },
  ])
})
