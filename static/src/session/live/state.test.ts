// @vitest-environment happy-dom
import { beforeEach, expect, it, vi } from "vitest"
import { ApiError, get, patch, post } from "../../api"
import type { Session } from "../../types"
import { SessionState } from "./state"

vi.mock("../../api", async (original) => ({
  ...(await original<typeof import("../../api")>()),
  get: vi.fn(),
  patch: vi.fn(),
  post: vi.fn(),
}))

const session = (title: string) => ({ id: "s", title }) as Session
const refused = (status: number) => new ApiError(status, "x", `refused with ${status}`)

beforeEach(() => {
  localStorage.clear()
  vi.mocked(get).mockReset()
  vi.mocked(post).mockReset()
})

it("opens a session for a member", async () => {
  vi.mocked(get).mockResolvedValueOnce(session("mine"))
  const state = new SessionState("s", "ada")
  await state.open()
  expect(state.session.value?.title).toBe("mine")
  expect(post).not.toHaveBeenCalled()
})

it("joins the session for a user who is not a member yet", async () => {
  vi.mocked(get).mockRejectedValueOnce(refused(404))
  vi.mocked(post).mockResolvedValueOnce({ session: session("joined") })
  const state = new SessionState("s", "ada")
  await state.open()
  expect(post).toHaveBeenCalledWith("/session/s/join")
  expect(state.session.value?.title).toBe("joined")
})

it("shows why the session cannot be opened", async () => {
  const state = new SessionState("s", "ada")
  vi.mocked(get).mockRejectedValueOnce(refused(503))
  await state.open()
  expect([state.problem.value, state.session.value]).toEqual(["refused with 503", null])
  expect(post).not.toHaveBeenCalled()
})

it("opens a session without the server, as the server last described it to this user", async () => {
  vi.mocked(get).mockResolvedValueOnce(session("seen before"))
  await new SessionState("s", "ada").open()
  vi.mocked(get).mockRejectedValue(new ApiError(0, "offline", "away"))
  const [ada, bob] = [new SessionState("s", "ada"), new SessionState("s", "bob")]
  await Promise.all([ada.open(), bob.open()])
  expect([ada.session.value?.title, ada.problem.value]).toEqual(["seen before", ""])
  expect([bob.session.value, bob.problem.value]).toEqual([null, "away"])
})

it("tells people to ask for an invite link if only members may open the session", async () => {
  const state = new SessionState("s", "ada")
  vi.mocked(get).mockRejectedValueOnce(refused(404))
  vi.mocked(post).mockRejectedValueOnce(refused(404))
  await state.open()
  expect(state.problem.value).toContain("ask them for an invite link")
})

it("never joins on a reload, so a removed member does not come back", async () => {
  const state = new SessionState("s", "ada")
  vi.mocked(get).mockResolvedValueOnce(session("mine")).mockRejectedValueOnce(refused(404))
  await state.open()
  await state.reload()
  expect(post).not.toHaveBeenCalled()
  expect([state.session.value?.title, state.problem.value]).toEqual(["mine", ""])
})

it("ignores an answer that comes after the answer to a later request", async () => {
  const state = new SessionState("s", "ada")
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

it("has a language that was chosen before the server confirms it", async () => {
  vi.mocked(get).mockResolvedValueOnce({ ...session("s"), language: "javascript" })
  const state = new SessionState("s", "ada")
  await state.open()
  vi.mocked(get).mockResolvedValueOnce({ ...session("s"), language: "javascript" })
  const onItsWay = state.reload()
  vi.mocked(patch).mockResolvedValueOnce({})
  vi.mocked(get).mockResolvedValueOnce({ ...session("s"), language: "python" })
  const choice = state.setLanguage("python")
  expect(state.session.value?.language).toBe("python")
  await onItsWay
  expect(state.session.value?.language).toBe("python")
  await choice
  expect(patch).toHaveBeenCalledWith("/session/s", { language: "python" })
  expect(state.session.value?.language).toBe("python")
})

it("has the language from before if the server refuses another one", async () => {
  vi.mocked(get).mockResolvedValue({ ...session("s"), language: "javascript" })
  const state = new SessionState("s", "ada")
  await state.open()
  vi.mocked(patch).mockRejectedValueOnce(refused(403))
  vi.mocked(get).mockRejectedValueOnce(new ApiError(0, "offline", "away"))
  await expect(state.setLanguage("python")).rejects.toThrow("refused with 403")
  expect(state.session.value?.language).toBe("javascript")
})
