import { expect, it } from "vitest"
import { Spare } from "./spare"

/** A `Spare` that makes numbered things. Each is ready when `finish` is called. */
function numbered() {
  const ended: string[] = []
  const finish: (() => void)[] = []
  let count = 0
  const spare = new Spare((kind: string) => {
    const name = `${kind} ${++count}`
    const made = { name, end: () => ended.push(name) }
    return new Promise<typeof made>((done) => finish.push(() => done(made)))
  })
  return { spare, ended, finish }
}

it("waits for the spare one that is still loading, and begins no second one", async () => {
  const { spare, ended, finish } = numbered()
  spare.keep("python")
  spare.keep("python")
  const taken = spare.take("python")
  finish.forEach((done) => done())
  expect((await taken).name).toBe("python 1")
  expect([finish.length, ended]).toEqual([1, []])
})

it("gives the spare one to one run only", async () => {
  const { spare, finish } = numbered()
  spare.keep("python")
  const both = [spare.take("python"), spare.take("python")]
  finish.forEach((done) => done())
  expect((await Promise.all(both)).map(({ name }) => name)).toEqual(["python 1", "python 2"])
})

it("ends the spare one of another language, even while it is still loading", async () => {
  const { spare, ended, finish } = numbered()
  spare.keep("python")
  const taken = spare.take("lua")
  finish.forEach((done) => done())
  expect((await taken).name).toBe("lua 2")
  expect(ended).toEqual(["python 1"])
})

it("reports a failure to the run that takes the spare one, and then makes a new one", async () => {
  let count = 0
  const spare = new Spare(() =>
    ++count === 1 ? Promise.reject(new Error("no")) : Promise.resolve({ end: () => undefined }),
  )
  spare.keep("sql")
  await expect(spare.take("sql")).rejects.toThrow("no")
  await spare.take("sql")
  expect(count).toBe(2)
})
