"""Tests that a page of another origin can change and read nothing of a signed-in user.

`tests/handlers/http/test_origin.py` and `tests/interop/test_cross_site_sockets.py`
send the same requests without a browser, one by one.
"""

import json
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.async_api import Page, expect
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from tests.api import PASSWORD, Api
from tests.browser.conftest import NewPerson, Someone
from tests.handlers.clients import account, picture
from tests.waiting import until

ACCESS_LOG = "collab_server.access"
WHO_AM_I = "async () => (await fetch('/user/me')).json()"
HOSTS = ("127.0.0.1", "localhost")
"""The names under which the hostile page is opened. With the name of our server, it belongs to the
same site, because only the port differs: the browser sends cookies. With the other name, it belongs
to another site."""

TOOLS = """
const put = (tag, fields = {}, into = document.body) => {
  const element = Object.assign(document.createElement(tag), fields)
  into.append(element)
  return element
}
const ended = (element, begin) => new Promise((done, fail) => {
  element.onload = element.onerror = ({ type }) => done(type)
  setTimeout(() => fail(new Error(`nothing comes of ${element.outerHTML}`)), 30000)
  begin()
})
const loaded = async (tag, fields) => {
  const element = document.createElement(tag)
  await ended(element, () => { Object.assign(element, fields); document.body.append(element) })
  return element
}
const tried = async (work) => { try { return await work() } catch (error) { return "" } }
const file = async () => {
  const blob = await new Promise((done) => document.createElement("canvas").toBlob(done))
  return new File([blob], "me.png", { type: "image/png" })
}
const multipart = async () => { const form = new FormData(); form.append("avatar", await file()); return form }

globalThis.tools = {
  async form(url, body, enctype) {
    const sink = put("iframe", { name: crypto.randomUUID() })
    const form = put("form", { method: "post", action: url, enctype, target: sink.name })
    if (body === "picture") {
      const given = new DataTransfer()
      given.items.add(await file())
      put("input", { type: "file", name: "avatar" }, form).files = given.files
    } else if (body && enctype === "text/plain") {
      put("input", { name: JSON.stringify(body).slice(0, -1) + ', "x": "', value: '"}' }, form)
    } else {
      for (const [name, value] of Object.entries(body ?? {})) put("input", { name, value }, form)
    }
    await ended(sink, () => form.submit())
    const read = await tried(() => sink.contentDocument.body.innerText)
    sink.remove()
    return read
  },
  fetch: (url, body, type, mode) => tried(async () => {
    const given = body === "picture" ? { body: await multipart() }
      : body ? { body: JSON.stringify(body), headers: { "Content-Type": type } } : {}
    return (await fetch(url, { method: "POST", credentials: "include", mode, ...given })).status || ""
  }),
  change: (method, url, body) => tried(async () => {
    const given = body ? { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } } : {}
    return (await fetch(url, { method, credentials: "include", ...given })).status || ""
  }),
  async beacon(url, body) {
    navigator.sendBeacon(url, body === "picture" ? await multipart() : body && JSON.stringify(body))
  },
  everywhere: async (posts, forms, fetches) => (await Promise.all(posts.flatMap(([url, body]) => [
    ...forms.map((enctype) => tools.form(url, body, enctype)),
    ...fetches.map(([type, mode]) => tools.fetch(url, body, type, mode)),
    tools.beacon(url, body),
  ]))).filter(Boolean),
  read: (url, mode, credentials) => tried(async () => (await fetch(url, { mode, credentials })).text()),
  image: async (src) => {
    const image = await loaded("img", { src }), canvas = document.createElement("canvas")
    return tried(() => { canvas.getContext("2d").drawImage(image, 0, 0); return canvas.toDataURL() })
  },
  script: async (src) => {
    const said = [], before = new Set(Object.keys(globalThis))
    globalThis.___eio = [(text) => said.push(text)]
    await loaded("script", { src })
    return said + Object.keys(globalThis).filter((name) => !before.has(name) && name !== "___eio")
  },
  module: (src) => tried(async () => Object.keys(await import(src)).join()),
  style: async (href) => {
    const link = await loaded("link", { rel: "stylesheet", href })
    return tried(() => [...link.sheet.cssRules].map((rule) => rule.cssText).join())
  },
  frame: async (src) => {
    const frame = await loaded("iframe", { src })
    return tried(() => frame.contentDocument.body.innerText)
  },
  ends: async (url) => {
    const prefetch = document.createElement("link"), object = document.createElement("object")
    const begin = (element, fields) => () => document.body.append(Object.assign(element, fields))
    return [
      await ended(prefetch, begin(prefetch, { rel: "prefetch", href: url })),
      await ended(object, begin(object, { data: url })),
    ]
  },
  socket: (url, packets, last) => new Promise((done, fail) => {
    const heard = [], socket = new WebSocket(url)
    const end = () => { done(heard); socket.close() }
    socket.onopen = () => packets.forEach((one) => socket.send(one))
    socket.onclose = end
    socket.onmessage = ({ data }) => {
      heard.push(typeof data === "string" ? data : "binary")
      if (last.some((one) => heard.at(-1).startsWith(one))) end()
    }
    setTimeout(() => fail(new Error(`no end: ${heard}`)), 30000)
  }),
  take: (opened) => {
    for (const one of ["taken", { code: "taken" }, '42["code-change","taken"]']) opened.postMessage(one, "*")
    const ways = [
      () => opened.document.body.innerText, () => opened.location.href, () => opened.localStorage.length,
      () => opened.fetch("/user/me"), () => { opened.location = "javascript:document.title = 'taken'" },
    ]
    return ways.map((way) => { try { return way() } catch (error) { return null } }).filter((one) => one)
  },
}
"""  # noqa: E501  # lines of JavaScript
"""The attempts of a hostile page. Each function returns the content that it could read."""

ITS_OWN = {
    "image": ("image/png", picture()),
    "style": ("text/css", b"p { color: red }"),
    "script": ("text/javascript", b"globalThis.taken = 1; export const taken = 1"),
}
A_PAGE = ("text/html", b"<!doctype html><body>elsewhere")


class Elsewhere(RequestHandler):
    """Answers for the other site, whose pages may read its resources.

    These resources show that each way of embedding can read content where the browser allows it.
    """

    def get(self) -> None:
        kind, content = ITS_OWN.get(self.request.headers["Sec-Fetch-Dest"], A_PAGE)
        if self.request.headers["Sec-Fetch-Mode"] == "no-cors":
            content = content.partition(b" export")[0]
        self.set_header("Content-Type", kind)
        self.write(content)


@dataclass
class Visit:
    """A user who is signed in by cookies, their session, and the port of another site."""

    person: Someone
    api: Api
    session_id: str
    elsewhere: int

    def filled(self, paths: Any, **ids: str) -> Any:
        """Return `paths` with this server's address and this session's id filled in."""
        text = (
            json.dumps(paths).replace('"/', f'"{self.person.url}/').replace("{id}", self.session_id)
        )
        for name, value in ids.items():
            text = text.replace(f"{{{name}}}", value)
        return json.loads(text)

    async def hostile(self, host: str) -> Page:
        """Open the other site in the user's browser."""
        page = await self.person.context.new_page()
        await page.goto(f"http://{host}:{self.elsewhere}/")
        await page.evaluate(TOOLS)
        return page

    async def look(self) -> dict[str, Any]:
        """Return everything that a hostile page could change, and the browser's account.

        The document's size is left out, because it is only known while the session is open.
        """
        session = f"/session/{self.session_id}"
        paths = ("/user/me", "/session", session, f"{session}/invites", f"/chat/{self.session_id}")
        seen = {path: (await self.api.get(path)).body for path in paths}
        for listing in (seen[session], *seen["/session"]["items"]):
            listing.pop("documentSize", None)
        seen["logins"] = [item["id"] for item in (await self.api.get("/user/logins")).body["items"]]
        seen["browser"] = await self.person.page.evaluate(WHO_AM_I)
        return {**seen, "code": (await self.api.live(self.session_id))["code"]}


@pytest.fixture
async def elsewhere() -> AsyncIterator[int]:
    """Start a server of another site and return its port."""
    server, sockets = HTTPServer(Application([(r"/.*", Elsewhere)])), bind_sockets(0, "127.0.0.1")
    server.add_sockets(sockets)
    yield sockets[0].getsockname()[1]
    server.stop()
    await server.close_all_connections()


@pytest.fixture
async def visit(person: NewPerson, elsewhere: int, caplog: pytest.LogCaptureFixture) -> Visit:
    caplog.set_level(logging.INFO, ACCESS_LOG)
    user = await person()
    answer = await user.context.request.post(
        f"{user.url}/user/signup", data=account("ada"), headers={"Origin": user.url}
    )
    assert answer.status == 201
    signed_up = await answer.json()
    api = Api(user.url, signed_up["accessToken"], signed_up["user"])
    session_id = await api.new_session(title="mine", code="secret")
    await user.go("/developers")
    await user.page.evaluate("localStorage.setItem('signedIn', 'yes')")
    await user.page.evaluate(TOOLS)
    return Visit(user, api, session_id, elsewhere)


# -- writing --------------------------------------------------------------------------------------

POSTS: dict[str, Any] = {
    "/session": {"title": "taken"},
    "/session/{id}/invites": {"role": "editor"},
    "/session/{other}/join": None,
    "/chat/send": {"sessionId": "{id}", "message": "taken"},
    "/code/{id}/save": {"code": "taken"},
    "/user/avatar": "picture",
    "/user/refresh": None,
    "/user/signup": account("eve"),
    "/user/login": {"username": "mallory", "password": PASSWORD},
    "/user/logout": None,
}
"""Requests from which a hostile page could profit. By the last ones, it could sign the browser in
to another account."""
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain")
FETCHES = (("application/json", "cors"), ("text/plain", "cors"), ("text/plain", "no-cors"))


def access_logged(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """Return the fields of the lines in the access log since it was cleared."""
    return [vars(record)["fields"] for record in caplog.records if record.name == ACCESS_LOG]


async def arrived(caplog: pytest.LogCaptureFixture, method: str) -> list[dict[str, Any]]:
    """Return the requests that have reached the server since the log was cleared."""
    return [fields for fields in access_logged(caplog) if fields["method"] == method]


async def test_foreign_page_posts_are_refused_and_change_nothing(
    visit: Visit, api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    """Forms, beacons and fetches of a foreign page arrive, are refused, and change nothing.

    The same requests from our own page succeed.
    """
    mallory = await api.sign_up("mallory")
    posts = visit.filled(list(POSTS.items()), other=await mallory.new_session(access="link"))
    before = await visit.look()

    for host in HOSTS:
        page = await visit.hostile(host)
        caplog.clear()
        assert (
            await page.evaluate("(all) => tools.everywhere(...all)", [posts, FORMS, FETCHES]) == []
        )
        requests = await until(
            lambda: arrived(caplog, "POST"), lambda seen: len(seen) >= 6 * len(posts)
        )
        assert {request["status"] for request in requests} == {403}
        assert {request["path"] for request in requests} == {
            url.removeprefix(visit.person.url) for url, _ in posts
        }
        assert {request["user"] for request in requests} == {
            visit.api.user["id"] if host in visit.person.url else None
        }
        assert await visit.look() == before

    own = [
        await visit.person.page.evaluate(
            "(all) => tools.fetch(...all)", [url, body, "application/json", "cors"]
        )
        for url, body in posts
    ]
    assert set(own) <= {200, 201}
    visit.person.expected.append("401")  # the last request has signed the browser out
    assert {what for what, seen in (await visit.look()).items() if seen == before[what]} == {
        "logins"
    }


CHANGES: tuple[tuple[str, str, Any], ...] = (
    ("PATCH", "/user/me", {"username": "taken"}),
    ("PATCH", "/session/{id}", {"title": "taken"}),
    ("DELETE", "/user/avatar", None),
    ("DELETE", "/session/{id}", None),
    ("DELETE", "/user/me", {"password": PASSWORD}),
)
CHANGE_ALL = """async (changes) => {
  const read = []
  for (const change of changes) read.push(await tools.change(...change))
  return read
}"""


async def test_foreign_page_requests_other_than_post_are_never_sent(
    visit: Visit, caplog: pytest.LogCaptureFixture
) -> None:
    """For each request that is not a POST, the browser asks the server with OPTIONS.

    The server does not allow the request, so the browser does not send it. The same requests from
    our own page succeed.
    """
    changes = visit.filled(list(CHANGES))
    before = await visit.look()

    for host in HOSTS:
        page = await visit.hostile(host)
        caplog.clear()
        assert not any(await page.evaluate(CHANGE_ALL, changes))
        assert len(await arrived(caplog, "OPTIONS")) == len(changes)
        assert [await arrived(caplog, method) for method in ("PATCH", "PUT", "DELETE")] == [
            [],
            [],
            [],
        ]
        assert await visit.look() == before

    assert set(await visit.person.page.evaluate(CHANGE_ALL, changes)) <= {200, 204}
    assert (await visit.api.get("/user/me")).status == 401


# -- reading --------------------------------------------------------------------------------------

SECRETS = (
    "/user/me", "/session", "/session/{id}/invites", "/chat/{id}", "/code/{id}/latest?live=true",
    "/s/{id}",
    "/socket.io/?EIO=4&transport=polling",
)  # fmt: skip
EMBEDDED = (*SECRETS, "/user/{me}/avatar", "/socket.io/?EIO=4&transport=polling&j=0")
PAGES = ("/", "/docs", "/s/{id}")
READ_ALL = (
    "async ([urls, ways]) => Promise.all(ways.flatMap((way) => urls.map((url) => "
    "tools.read(url, ...way))))"
)
EMBED_ALL = """async ([way, urls]) => {
  const read = await Promise.all(urls.map((url) => tools[way](url)))
  return urls.filter((_, at) => read[at])
}"""


async def test_foreign_page_cannot_read_or_frame_answers(visit: Visit) -> None:
    """A foreign page can neither read answers that it fetches or embeds, nor frame our pages.

    Our own page can read all of them. Each way of embedding can read and show
    the other site's own content.
    """
    upload = [f"{visit.person.url}/user/avatar", "picture", "", "cors"]
    assert await visit.person.page.evaluate("(all) => tools.fetch(...all)", upload) == 200
    urls, embedded = visit.filled(SECRETS), visit.filled(EMBEDDED, me=visit.api.user["id"])
    ways = [
        [mode, cookies]
        for mode in ("cors", "no-cors", "same-origin")
        for cookies in ("include", "omit")
    ]

    for host in HOSTS:
        page = await visit.hostile(host)
        assert not any(await page.evaluate(READ_ALL, [urls, ways]))
        for way in ("image", "script", "module", "style", "frame"):
            assert await page.evaluate(EMBED_ALL, [way, embedded]) == [], way
            assert await page.evaluate(EMBED_ALL, [way, ["/its-own"]]) == ["/its-own"], way
        # The page cannot learn either which of the two sessions exists.
        for url in visit.filled(["/session/{id}", "/session/0000000000000000"]):
            assert await page.evaluate("(url) => tools.ends(url)", url) == ["error", "error"], url
        shown = await shown_in_frames(page, [*visit.filled(PAGES), "/its-own"])
        assert shown == [*["chrome-error://chromewebdata/"] * len(PAGES), page.url + "its-own"]

    assert all(await visit.person.page.evaluate(READ_ALL, [urls, [["cors", "include"]]]))


async def shown_in_frames(page: Page, urls: list[str]) -> list[str]:
    """Remove all frames of a page, add one for each address, and return what each shows."""
    await page.evaluate("document.querySelectorAll('iframe').forEach((one) => one.remove())")
    for url in urls:
        await page.evaluate("(url) => tools.frame(url)", url)
    return [frame.url for frame in page.frames if frame.parent_frame]


# -- sockets and windows --------------------------------------------------------------------------


OPEN_AND_READ = """async (url) => {
  const opened = open(url)
  await new Promise((done) => { opened.onload = done })
  const { title } = opened.document
  opened.close()
  return title
}"""


async def test_foreign_page_cannot_open_sockets_with_cookies(visit: Visit) -> None:
    """A foreign page cannot open either kind of socket with the visitor's cookies.

    Our own page can. A foreign page can open the session in a window, but cannot reach into that
    window. Our own page can.
    """
    url, before = visit.person.url.replace("http", "ws", 1), await visit.look()
    sync = [f"{url}/sync/{visit.session_id}?saved=1&notes=1", [], ["binary"]]
    join = f'420["join-session","{visit.session_id}"]'
    events = [f"{url}/socket.io/?EIO=4&transport=websocket", ["40", join, "40"], ["44", "430"]]
    listen = "(all) => tools.socket(...all)"

    for host in HOSTS:
        page = await visit.hostile(host)
        assert await page.evaluate(listen, sync) == []
        opened, refused = await page.evaluate(listen, events)
        assert opened.startswith("0{")
        assert ("bad_origin" if host in url else "not_signed_in") in refused
        await open_window(page, f"{visit.person.url}/s/{visit.session_id}")

    # The list of sessions shows the visitor as present until the server notices that they left.
    await until(visit.look, lambda seen: seen == before)
    assert await visit.person.page.evaluate(listen, sync) == ["binary"]
    events[1] = ["40", join]
    assert '{"ok":true,"role":"owner"}' in (await visit.person.page.evaluate(listen, events))[-1]
    assert await visit.person.page.evaluate(OPEN_AND_READ, f"/s/{visit.session_id}")


async def open_window(page: Page, url: str) -> None:
    """Let a foreign page open a window with the session.

    The page loses its handle immediately, and cannot reach the window's content.
    """
    async with page.expect_popup() as opening:
        await page.evaluate("(url) => { globalThis.opened = open(url) }", url)
    popup = await opening.value
    await expect(popup.locator(".cm-content")).to_have_text("secret")
    title = await popup.title()
    await popup.evaluate(
        "() => { globalThis.heard = 0; addEventListener('message', () => heard++) }"
    )

    await page.wait_for_function("() => opened.closed")
    assert await page.evaluate("() => tools.take(opened)") == []

    assert await popup.evaluate("() => [opener, heard]") == [None, 0]
    await expect(popup.locator(".cm-content")).to_have_text("secret")
    assert await popup.title() == title
    await popup.close()
