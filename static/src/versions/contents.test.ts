import { beforeEach, expect, it, vi } from "vitest"
import { ApiError, get } from "../api"
import { VersionContents } from "./contents"

vi.mock("../api", async (original) => ({
  ...(await original<typeof import("../api")>()),
  get: vi.fn(),
}))

const asked = () => vi.mocked(get).mock.calls.map(([path]) => path)
const ask = async (versions: VersionContents, ...names: string[]) => {
  for (const name of names) await versions.read(name)
}

beforeEach(() => {
  vi.mocked(get).mockReset()
  vi.mocked(get).mockImplementation((path) =>
    Promise.resolve({ files: { codemirror: path }, documents: {} }),
  )
})

it("requests each version once, even if two comparisons in a row show it", async () => {
  const versions = new VersionContents("s")
  await ask(versions, "3", "2", "2", "1")
  expect(asked()).toEqual(["/code/s/versions/3", "/code/s/versions/2", "/code/s/versions/1"])
  expect((await versions.read("2")).files).toEqual({ codemirror: "/code/s/versions/2" })
})

it("requests the current document each time", async () => {
  await ask(new VersionContents("s"), "live", "live")
  expect(asked()).toEqual(["/code/s/latest?live=true", "/code/s/latest?live=true"])
})

it("keeps only the four versions that were shown last", async () => {
  const versions = new VersionContents("s")
  await ask(versions, "1", "2", "3", "4", "1", "5")
  vi.mocked(get).mockClear()
  await ask(versions, "1", "3", "4", "5")
  expect(asked()).toEqual([])
  await ask(versions, "2")
  expect(asked()).toEqual(["/code/s/versions/2"])
})

it("requests a version again if it could not be read", async () => {
  const versions = new VersionContents("s")
  vi.mocked(get).mockRejectedValueOnce(new ApiError(503, "unavailable", ""))
  await expect(versions.read("1")).rejects.toThrow()
  await ask(versions, "1")
  expect(asked()).toHaveLength(2)
})
