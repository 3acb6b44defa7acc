"""Pages for people: / and /docs, their policy, and what is served beside them."""

import re

import pytest

from tests.api import Api
from tests.handlers.clients import exchange

PAGES = ["/", "/docs"]


@pytest.mark.parametrize("path", PAGES)
async def test_pages_are_html_without_scripts(api: Api, path: str) -> None:
    """A page works without scripts, and its policy allows none."""
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
async def test_the_policy(api: Api, path: str) -> None:
    """Nothing is loaded but own styles and images; nobody frames the page; forms go nowhere."""
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
async def test_own_links_lead_somewhere(api: Api, path: str) -> None:
    """What a page links and loads from here is there."""
    page = (await api.get(path)).body.decode()
    targets = {target for target in re.findall(r'(?:href|src)="([^"]+)"', page) if target.startswith("/")}

    assert "/static/style.css" in targets
    for target in targets:
        assert (await api.get(target.partition("#")[0])).status == 200, target


async def test_the_style_sheet(api: Api) -> None:
    """It has its type, so that `nosniff` lets it through."""
    answer = await api.get("/static/style.css")

    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/css")


@pytest.mark.parametrize("name", ["index.html", "docs.html"])
async def test_templates_are_not_served_raw(api: Api, name: str) -> None:
    """Nobody is shown a page with its placeholders in it."""
    answer = await api.get(f"/static/{name}")

    assert answer.status == 404 or b"{{" not in answer.body


async def test_the_home_page_says_how_to_begin(api: Api) -> None:
    """The address for editors and the first requests are those of this very server."""
    page = (await api.get("/")).body.decode()

    assert f"{api.url}/user/signup" in page
    assert api.socket_url in page
    assert "/docs" in page


@pytest.mark.parametrize(("hops", "scheme"), [(0, "http"), (1, "https")])
async def test_addresses_behind_a_tls_proxy(start_server, hops: int, scheme: str) -> None:
    """Behind a trusted proxy the page shows https and wss."""
    server = await start_server(trust_proxy=hops)

    page = (await Api(server.url).get("/", headers={"X-Forwarded-Proto": "https"})).body.decode()

    assert f"{scheme}://127.0.0.1:{server.port}/user/signup" in page
    assert f"{scheme.replace('http', 'ws')}://127.0.0.1:{server.port}/sync" in page


@pytest.mark.parametrize(
    "host", ["evil.example.org", '"><script>alert(1)</script>', "a'b", "&lt;b&gt;", "{{ 7 * 7 }}", "x" * 300, ""]
)
async def test_a_strange_host_is_shown_harmlessly(api: Api, host: str, expect_log) -> None:
    """What a request calls this server is never markup in the page."""
    expect_log("tornado.general")

    answer = await exchange(api.url, f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())

    if answer is not None and answer.status == 200:
        assert b"<script" not in answer.body
        assert b"49" not in answer.body or "49" in host
        assert b'"><' not in answer.body.split(b"<pre>")[1].split(b"</pre>")[0]
    assert answer is None or answer.status in (200, 400)


async def test_names_are_not_in_pages(api: Api) -> None:
    """Pages show nothing of who is signed in: they are the same for everybody."""
    ada = await api.sign_up("<b>ada</b>")

    for path in PAGES:
        mine, other = await ada.get(path), await api.get(path)
        assert (mine.status, mine.body) == (other.status, other.body)
