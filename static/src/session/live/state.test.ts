import { beforeEach, expect, it, vi } from "vitest"
import { ApiError, get, post } from "../../api"
import type { Session } from "../../types"
import { SessionState } from "./state"

vi.mock("../../api", async (original) => ({
  ...(await original<typeof import("../../api")>()),
  get: vi.fn(),
  post: vi.fn(),
}))

const session = (title: string) => ({ id: "s", title }) as Session
const refused = (status: number) => new ApiError(status, "x", `refused with ${status}`)

beforeEach(() => {
  vi.mocked(get).mockReset()
  vi.mocked(post).mockReset()
})

it("opens a session that one is in", async () => {
  vi.mocked(get).mockResolvedValueOnce(session("mine"))
  const state = new SessionState("s")
  await state.open()
  expect(state.session.value?.title).toBe("mine")
  expect(post).not.toHaveBeenCalled()
})

it("joins on opening whoever is not in it yet", async () => {
  vi.mocked(get).mockRejectedValueOnce(refused(404))
  vi.mocked(post).mockResolvedValueOnce({ session: session("joined") })
  const state = new SessionState("s")
  await state.open()
  expect(post).toHaveBeenCalledWith("/session/s/join")
  expect(state.session.value?.title).toBe("joined")
})

it("says why it cannot be opened", async () => {
  const state = new SessionState("s")
  vi.mocked(get).mockRejectedValueOnce(refused(503))
  await state.open()
  expect([state.problem.value, state.session.value]).toEqual(["refused with 503", null])
  expect(post).not.toHaveBeenCalled()
})

it("says what to ask for where only members come in", async () => {
  const state = new SessionState("s")
  vi.mocked(get).mockRejectedValueOnce(refused(404))
  vi.mocked(post).mockRejectedValueOnce(refused(404))
  await state.open()
  expect(state.problem.value).toContain("ask them for an invite link")
})

it("never joins on a reload: a member who was removed stays out", async () => {
  const state = new SessionState("s")
  vi.mocked(get).mockResolvedValueOnce(session("mine")).mockRejectedValueOnce(refused(404))
  await state.open()
  await state.reload()
  expect(post).not.toHaveBeenCalled()
  expect([state.session.value?.title, state.problem.value]).toEqual(["mine", ""])
})

it("ignores an answer that a later request has overtaken", async () => {
  const state = new SessionState("s")
  let answerFirst: (session: Session) => void = () => undefined
  vi.mocked(get)
    .mockReturnValueOnce(new Promise((go) => (answerFirst = go)))
    .mockResolvedValueOnce(session("new"))
  const first = state.reload()
  await state.reload()
  answerFirst(session("old"))
  await first
  expect(state.session.value?.title).toBe("new")
})
