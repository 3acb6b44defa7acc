import { expect, it } from "vitest"
import { Images } from "./images"

it("makes one image of a kind, for all workers but the first", async () => {
  let count = 0
  const images = new Images((kind: string) =>
    Promise.resolve(new ArrayBuffer(kind.length + count++)),
  )
  const sizes = []
  for (const kind of ["python", "python", "lua", "python", "lua"])
    sizes.push((await images.next(kind))?.byteLength ?? null)
  expect(sizes).toEqual([null, 6, null, 6, 4])
})

it("gives the same image to workers that ask before it is made", async () => {
  const images = new Images(() => Promise.resolve(new ArrayBuffer(1)))
  await images.next("python")
  const [one, other] = await Promise.all([images.next("python"), images.next("python")])
  expect(one).toBe(other)
})

it("does without an image if none can be made, and does not try again", async () => {
  let tries = 0
  const images = new Images(() => Promise.reject(new Error(`no ${++tries}`)))
  const got = [
    await images.next("python"),
    await images.next("python"),
    await images.next("python"),
  ]
  expect([got, tries]).toEqual([[null, null, null], 1])
})
