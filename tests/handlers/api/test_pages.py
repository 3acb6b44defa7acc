"""Tests pages for people: the app's shell and /docs, their policies, and static files."""

import gzip
import re
from collections.abc import Callable
from typing import Any

import pytest

from handlers.api import pages
from handlers.http.api_docs import openapi
from tests.api import Answer, Api
from tests.handlers.clients import exchange
from tests.narrowing import required

PAGES = ["/docs"]
APP = [
    "/",
    "/signin",
    "/signup",
    "/profile",
    "/developers",
    "/s/x",
    "/s/x/versions",
    "/s/x/replay",
    "/join/x",
]


def policy_of(answer: Answer) -> dict[str, str]:
    parts = answer.headers["Content-Security-Policy"].split(";")
    return dict(part.strip().partition(" ")[::2] for part in parts if part.strip())


async def assets(api: Api) -> list[str]:
    """Return the addresses that the app's shell loads."""
    return re.findall(r'(?:href|src)="([^"]+)"', (await api.get("/")).body.decode())


@pytest.mark.parametrize("path", APP)
async def test_app_addresses_serve_same_shell_without_inline_code(api: Api, path: str) -> None:
    """All addresses of the app return the same page, without inline code or data of a user."""
    answer, home = await api.get(path), await api.get("/")

    assert (answer.status, answer.body) == (200, home.body)
    assert answer.headers["Content-Type"].lower() == "text/html; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-cache"
    page = answer.body.decode()
    assert re.findall(r"<script[^>]*>([^<]*)</script>", page) == [""]
    assert "<style" not in page
    assert not re.search(r"<[^>]+\s(on\w+|style)=", page), "an attribute that the policy forbids"


async def test_service_worker_is_revalidated_and_lists_every_built_file(api: Api) -> None:
    """The service worker is for the whole site. Its list has each file that the app may load."""
    answer = await api.get("/sw.js")

    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-cache")
    assert answer.headers["Content-Type"] == "text/javascript; charset=UTF-8"
    assert policy_of(answer) == {"default-src": "'none'", "connect-src": "'self'"}
    listed = set(re.findall(r'"(/static/[^"]+[^"/])"', answer.body.decode()))
    built = {f"/static/dist/assets/{file.name}" for file in (pages._DIST / "assets").iterdir()}
    assert listed == {*built, "/static/icon.svg"}
    assert {path for path in await assets(api) if path.startswith("/static/")} <= listed


@pytest.mark.parametrize("path", ["/nowhere", "/s/x/elsewhere"])
async def test_unknown_address_is_a_page_for_browsers_and_an_error_for_programs(
    api: Api, path: str
) -> None:
    """An unknown address is 404: the app's shell for a browser, JSON for a program."""
    page = await api.get(path, headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    answer = await api.get(path)

    assert (page.status, page.body) == (404, (await api.get("/")).body)
    assert (answer.status, answer.body["code"]) == (404, "not_found")
    assert (await api.post(path, headers={"Accept": "text/html"})).body["code"] == "not_found"


async def test_app_policy_allows_own_sources_only(api: Api) -> None:
    """The app's policy allows scripts, styles and connections of its own origin only.

    No page may frame it.
    """
    answer = await api.get("/")

    policy = policy_of(answer)
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["font-src"] == "'self'"
    assert policy["connect-src"] == f"'self' {api.url.replace('http', 'ws', 1)}"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_built_assets_are_cacheable_and_compressed(api: Api) -> None:
    """Names of built files change with their content, so caches may keep them for ever.

    They are compressed for clients that accept gzip, except fonts: these are compressed already.
    """
    built = [path for path in await assets(api) if "/assets/" in path]
    fonts = [path for path in built if path.endswith(".woff2")]

    assert len(built) >= 3
    for path in fonts:
        font = await api.get(path, headers={"Accept-Encoding": "gzip"})
        assert font.headers["Content-Type"] == "font/woff2"
        assert "immutable" in font.headers["Cache-Control"]
        assert "Content-Encoding" not in font.headers
    for path in set(built) - set(fonts):
        plain = await api.get(path, headers={"Accept-Encoding": "identity"})
        question = f"GET {path} HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n".encode()
        squeezed = required(await exchange(api.url, question))
        assert "immutable" in plain.headers["Cache-Control"]
        assert squeezed.headers["content-encoding"] == "gzip"
        assert gzip.decompress(squeezed.body) == plain.body


@pytest.mark.parametrize(
    "name",
    [
        "package.json",
        "src/main.tsx",
        "vite.config.ts",
        "dist/index.html",
        "__init__.py",
        "../setup.cfg",
    ],
)
async def test_app_sources_are_not_served(api: Api, name: str) -> None:
    """Sources of the app are not served."""
    assert (await api.get(f"/static/{name}")).status == 404


@pytest.mark.parametrize("path", PAGES)
async def test_pages_are_html_and_policy_forbids_scripts(api: Api, path: str) -> None:
    """A page contains no scripts, and has nothing that its policy forbids."""
    answer = await api.get(path)

    assert answer.status == 200
    assert answer.headers["Content-Type"].lower() == "text/html; charset=utf-8"
    page = answer.body.decode()
    assert page.startswith("<!doctype html>")
    assert "<title>" in page
    assert 'lang="en"' in page
    assert "<script" not in page.lower()
    assert "javascript:" not in page.lower()
    assert not re.search(r"<[^>]+\s(on\w+|style)=", page), "an attribute that the policy forbids"
    assert "{{" not in page
    assert "{%" not in page


@pytest.mark.parametrize("path", PAGES)
async def test_page_policy_allows_own_styles_and_images_only(api: Api, path: str) -> None:
    """The policy allows only own styles and images. It forbids scripts, frames and forms."""
    answer = await api.get(path)

    policy = dict(
        part.strip().partition(" ")[::2]
        for part in answer.headers["Content-Security-Policy"].split(";")
        if part.strip()
    )
    assert policy["default-src"] == "'none'"
    assert policy.get("script-src", "'none'") == "'none'"
    assert policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["base-uri"] == "'none'"
    assert policy["form-action"] == "'none'"
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("path", PAGES)
async def test_page_links_lead_to_existing_addresses(api: Api, path: str) -> None:
    """Every local address that a page links or loads exists."""
    page = (await api.get(path)).body.decode()
    targets = {
        target for target in re.findall(r'(?:href|src)="([^"]+)"', page) if target.startswith("/")
    }

    assert "/static/style.css" in targets
    for target in targets:
        assert (await api.get(target.partition("#")[0])).status == 200, target


async def test_style_sheet_has_its_content_type(api: Api) -> None:
    """The style sheet has the type text/css, so `nosniff` does not block it."""
    answer = await api.get("/static/style.css")

    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/css")


@pytest.mark.parametrize("name", ["index.html", "docs.html"])
async def test_page_templates_are_not_served_raw(api: Api, name: str) -> None:
    """Templates with unfilled placeholders are not served."""
    answer = await api.get(f"/static/{name}")

    assert answer.status == 404 or b"{{" not in answer.body


@pytest.mark.parametrize(("hops", "scheme"), [(0, "ws"), (1, "wss")])
async def test_page_behind_tls_proxy_may_connect_by_wss(
    start_server, hops: int, scheme: str
) -> None:
    """Behind a trusted TLS proxy, the policy allows connections by wss."""
    server = await start_server(trust_proxy=hops)

    answer = await Api(server.url).get("/", headers={"X-Forwarded-Proto": "https"})

    assert f"{scheme}://127.0.0.1:{server.port}" in policy_of(answer)["connect-src"]


@pytest.mark.parametrize(
    "host",
    [
        "evil.example.org",
        '"><script>alert(1)</script>',
        "a'b",
        "&lt;b&gt;",
        "{{ 7 * 7 }}",
        "x" * 300,
        "",
    ],
)
async def test_page_escapes_host_header(api: Api, host: str, expect_log) -> None:
    """The Host header never becomes markup in the page or a directive in its policy."""
    expect_log("tornado.general")

    answer = await exchange(api.url, f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())

    assert answer is None or answer.status in (200, 400)
    if answer is not None and answer.status == 200:
        assert answer.body == (await api.get("/")).body
        policy = answer.headers["content-security-policy"]
        assert policy.count("script-src") == 1
        assert "<" not in policy


async def test_pages_do_not_show_signed_in_user(api: Api) -> None:
    """Pages are the same for signed-in users and for everybody else."""
    ada = await api.sign_up("<b>ada</b>")

    for path in PAGES:
        mine, other = await ada.get(path), await api.get(path)
        assert (mine.status, mine.body) == (other.status, other.body)


@pytest.mark.parametrize(
    ("path", "made"), [("/docs", pages._fields), ("/openapi.json", openapi.document)]
)
async def test_reference_is_made_once_for_everybody(
    api: Api, monkeypatch: pytest.MonkeyPatch, path: str, made: Callable[..., Any]
) -> None:
    """A reference page is made only once, because making it takes milliseconds."""
    pages._reference.cache_clear()
    pages._description.cache_clear()
    calls = 0

    def counted(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        return made(*arguments)

    monkeypatch.setattr(pages if path == "/docs" else openapi, made.__name__, counted)
    first = await api.get(path)
    needed = calls

    answers = [
        await api.get(path, headers={"Host": f"host-{number}.example"}) for number in range(3)
    ]

    assert needed > 0
    assert calls == needed
    assert [answer.body for answer in answers] == [first.body] * 3
