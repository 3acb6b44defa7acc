import { beforeEach, expect, it, vi } from "vitest"
import { ApiError, get } from "../../api"
import { readNames, readTexts } from "./texts"

vi.mock("../../api", async (original) => ({
  ...(await original<typeof import("../../api")>()),
  get: vi.fn(),
}))

const asked = () => vi.mocked(get).mock.calls.map(([path]) => path)

beforeEach(() => void vi.mocked(get).mockReset())

it("reads the names of texts and of other roots, without the texts themselves", async () => {
  const files = [
    { root: "codemirror", type: "text", length: 193_000 },
    { root: "", type: "text", length: 0 },
    { root: "board", type: "map", length: 2 },
    { root: "gone", type: "empty", length: 0 },
  ]
  vi.mocked(get).mockResolvedValueOnce({ sessionId: "s", sequence: 5, files })
  expect(await readNames("s")).toEqual({ texts: ["codemirror", ""], others: ["board", "gone"] })
  expect(asked()).toEqual(["/code/s/files"])
})

it("shows the last saved texts of a document that is out of service", async () => {
  const saved = { files: { codemirror: "x" }, documents: {} }
  vi.mocked(get)
    .mockRejectedValueOnce(new ApiError(409, "quarantined", ""))
    .mockResolvedValueOnce(saved)
  expect(await readTexts("s")).toEqual(saved)
  expect(asked()).toEqual(["/code/s/latest?live=true", "/code/s/latest"])
})
