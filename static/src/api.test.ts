// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, it, vi } from "vitest"
import { ApiError, call, del, get, post } from "./api"

const fetched = vi.fn<typeof fetch>()

/** Answer the next requests, one after another. */
function answers(...some: [status: number, body?: unknown][]): void {
  for (const [status, body] of some)
    fetched.mockResolvedValueOnce(
      new Response(body === undefined ? null : JSON.stringify(body), { status }),
    )
}

const asked = () =>
  fetched.mock.calls.map(([path, options]) => `${options?.method} ${path as string}`)
const failure = async (promise: Promise<unknown>) => {
  const error: unknown = await promise.catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(ApiError)
  return error as ApiError
}

beforeEach(() => vi.stubGlobal("fetch", fetched))
afterEach(() => {
  fetched.mockReset()
  localStorage.clear()
  vi.unstubAllGlobals()
})

it("sends JSON and returns the server's answer", async () => {
  answers([201, { id: "a" }])
  expect(await post("/session", { title: "x" })).toEqual({ id: "a" })
  const options = fetched.mock.calls[0]?.[1]
  expect(options?.body).toBe('{"title":"x"}')
  expect(options?.headers).toEqual({ "Content-Type": "application/json" })
})

it("lets the browser name the type of a form", async () => {
  answers([200, {}])
  const form = new FormData()
  await call("POST", "/user/avatar", form)
  expect(fetched.mock.calls[0]?.[1]).toMatchObject({ body: form, headers: {} })
})

it("returns undefined for an answer without content", async () => {
  answers([204])
  expect(await del("/user/avatar")).toBeUndefined()
})

it("raises the server's error, with the messages for each field", async () => {
  answers([422, { code: "invalid", message: "Look again", errors: { title: ["is too long"] } }])
  const error = await failure(get("/session"))
  expect(error).toMatchObject({
    status: 422,
    code: "invalid",
    message: "Look again",
    fields: { title: ["is too long"] },
  })
})

it("raises an error for an answer that is not JSON, such as a proxy's", async () => {
  fetched.mockResolvedValueOnce(new Response("<h1>Bad gateway</h1>", { status: 502 }))
  const error = await failure(get("/session"))
  expect(error).toMatchObject({
    status: 502,
    code: "unknown",
    message: "The server answered 502.",
    fields: {},
  })
})

it("says that the server cannot be reached", async () => {
  fetched.mockRejectedValueOnce(new TypeError("Failed to fetch"))
  expect(await failure(get("/session"))).toMatchObject({ status: 0, code: "offline" })
})

it("refreshes an expired token, and repeats the request", async () => {
  localStorage.setItem("signedIn", "yes")
  answers([401, {}], [200, {}], [200, { id: "me" }])
  expect(await get("/user/me")).toEqual({ id: "me" })
  expect(asked()).toEqual(["GET /user/me", "POST /user/refresh", "GET /user/me"])
})

it("refreshes once for requests that fail together", async () => {
  localStorage.setItem("signedIn", "yes")
  answers([401, {}], [401, {}], [200, {}], [200, "a"], [200, "b"])
  expect(await Promise.all([get("/a"), get("/b")])).toEqual(["a", "b"])
  expect(asked().filter((url) => url.endsWith("/refresh"))).toHaveLength(1)
})

it("does not repeat a request if the refresh fails, nobody was signed in, or the password is wrong", async () => {
  localStorage.setItem("signedIn", "yes")
  answers([401, {}], [401, {}])
  expect(await failure(get("/a"))).toMatchObject({ status: 401 })
  answers([401, {}])
  expect(await failure(post("/user/login"))).toMatchObject({ status: 401 })
  localStorage.clear()
  answers([401, {}])
  expect(await failure(get("/a"))).toMatchObject({ status: 401 })
  expect(asked()).toEqual(["GET /a", "POST /user/refresh", "POST /user/login", "GET /a"])
})

it("takes the token that another tab got after the request was sent", async () => {
  localStorage.setItem("signedIn", "yes")
  fetched.mockImplementationOnce(() => {
    localStorage.setItem("refreshedAt", String(Date.now() + 1))
    return Promise.resolve(new Response("{}", { status: 401 }))
  })
  answers([200, { id: "me" }])
  expect(await get("/user/me")).toEqual({ id: "me" })
  expect(asked()).toEqual(["GET /user/me", "GET /user/me"])
})

it("gets one token for two tabs that need it at the same time", async () => {
  localStorage.setItem("signedIn", "yes")
  vi.resetModules()
  const other = await import("./api")
  let tokens = 0
  fetched.mockImplementation((path) => {
    if (path === "/user/refresh") tokens += 1
    return Promise.resolve(new Response("{}", { status: tokens ? 200 : 401 }))
  })
  await Promise.all([get("/a"), other.get("/b")])
  expect(tokens).toBe(1)
})
