// @vitest-environment happy-dom
import { expect, it } from "vitest"
import { FIRST, keepOpened, keptOpened, withoutTab, withTab } from "./opened"

it("opens each file once, and shows it", () => {
  const opened = withTab(withTab(withTab(FIRST, "a"), "b"), "a")
  expect(opened).toEqual({ tabs: ["codemirror", "a", "b"], root: "a" })
})

it("shows the next tab when the shown one is closed", () => {
  const opened = { tabs: ["a", "b", "c"], root: "b" }
  expect(withoutTab(opened, "b")).toEqual({ tabs: ["a", "c"], root: "c" })
  expect(withoutTab({ ...opened, root: "c" }, "c")).toEqual({ tabs: ["a", "b"], root: "b" })
  expect(withoutTab(opened, "a")).toEqual({ tabs: ["b", "c"], root: "b" })
  expect(withoutTab({ tabs: [""], root: "" }, "")).toEqual({ tabs: [], root: null })
})

it("remembers the tabs of a session, and does not trust what is kept", () => {
  keepOpened("s1", { tabs: ["a"], root: "a" })
  expect(keptOpened("s1")).toEqual({ tabs: ["a"], root: "a" })
  expect(keptOpened("s2")).toEqual(FIRST)
  for (const text of ["{", '{"tabs":[1],"root":null}', '{"tabs":["a"],"root":"b"}', "null"]) {
    sessionStorage.setItem("opened.s1", text)
    expect(keptOpened("s1")).toEqual(FIRST)
  }
})
