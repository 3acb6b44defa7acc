import { expect, it } from "vitest"
import { Spare } from "./spare"

/** A spare of numbered things, which are made when `finish` is called. */
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

it("waits for the spare one that is being made, and begins no second one", async () => {
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

it("ends the spare one of another language, also if it is not made yet", async () => {
  const { spare, ended, finish } = numbered()
  spare.keep("python")
  const taken = spare.take("lua")
  finish.forEach((done) => done())
  expect((await taken).name).toBe("lua 2")
  expect(ended).toEqual(["python 1"])
})

it("tells a failure to the run that takes the spare one, and makes a new one then", async () => {
  let count = 0
  const spare = new Spare(() =>
    ++count === 1 ? Promise.reject(new Error("no")) : Promise.resolve({ end: () => undefined }),
  )
  spare.keep("sql")
  await expect(spare.take("sql")).rejects.toThrow("no")
  await spare.take("sql")
  expect(count).toBe(2)
})
