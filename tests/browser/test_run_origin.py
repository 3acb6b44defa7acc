"""Programs run in a frame of a second origin (RUN_ORIGIN), and reach neither that nor the app."""

import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Request, expect

from tests.api import Api
from tests.browser.conftest import NewPerson
from tests.browser.hostile import ATTEMPTS, IN_A_PAGE, PYTHON, refused, table, victim
from tests.browser.programs import output, run
from tests.processes import free_port
from tests.slow_link import SlowLink

_BYTES_PER_S = 1 << 28

SECOND = {
    "page of the other origin": 'fetch(RUN + "/run/")',
    "API of the other origin": 'fetch(RUN + "/user/me", { credentials: "include" })',
    "other origin, blind": 'fetch(RUN + "/", { mode: "no-cors" })',
}
"""Attempts at the origin of the frame itself."""


@pytest.fixture
async def api(start_server) -> AsyncIterator[Api]:
    """A client of the first of two ports. The server knows the second one as its RUN_ORIGIN."""
    port = free_port()
    async with SlowLink(port, _BYTES_PER_S) as app, SlowLink(port, _BYTES_PER_S) as programs:
        url = f"http://localhost:{app.port}"
        await start_server(
            port=port, public_url=url, run_origin=f"http://localhost:{programs.port}"
        )
        yield Api(url)


async def second_origin(api: Api) -> str:
    """Return the origin to which the frame's address leads."""
    return (await api.get("/run/")).headers["Location"].removesuffix("/run/")


async def test_program_runs_in_second_origin(api: Api, person: NewPerson) -> None:
    """The frame and its scripts come from there. The first run and the next one work."""
    second, ada = await second_origin(api), await victim(person, "python")
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    ada.page.on("request", note)

    for number in (1, 2):
        await run(ada, f"import sys\nprint({number}, sys.platform)")
        await expect(output(ada)).to_have_text(f"{number} emscripten")

    paths = [url.removeprefix(second) for url in asked if url.startswith(second)]
    assert paths[0] == "/run/"
    assert all(path.startswith(("/run/", "/static/run/assets/")) for path in paths)
    frames = [frame.url for frame in ada.page.frames if frame != ada.page.main_frame]
    assert frames == [f"{second}/run/"]


async def test_hostile_program_reaches_nothing_of_both(api: Api, person: NewPerson) -> None:
    """Each attempt at the app is refused, and each at the second origin."""
    second, ada = await second_origin(api), await victim(person, "javascript")
    attempts = {**ATTEMPTS, **SECOND}
    code = f"const RUN = {second!r}\n" + table(attempts, ada.url, "process.stdout.write")
    for host in (ada.url, second):
        await run(ada, code.replace(repr(ada.url), repr(host)))

        await expect(ada.page.get_by_text(re.compile("Done in"))).to_be_visible()
        await expect(output(ada)).to_have_text(refused(attempts))
    assert await ada.page.evaluate("heard") == []
    assert await ada.page.evaluate("async () => (await fetch('/user/me')).status") == 200


async def test_hostile_python_program_reaches_nothing_of_both(api: Api, person: NewPerson) -> None:
    second, ada = await second_origin(api), await victim(person, "python")
    for host in (ada.url, second):
        await run(ada, f"HOST = {host!r}\n{PYTHON}")

        await expect(ada.page.get_by_text(re.compile("(Done|Failed) in"))).to_be_visible()
        await expect(output(ada)).to_have_text(re.compile(r"^(\w[\w, ]*: refused\s*){8}$"))


async def test_hostile_page_reaches_nothing_of_both(api: Api, person: NewPerson) -> None:
    second, ada = await second_origin(api), await victim(person, "html")
    code = table({**IN_A_PAGE, **SECOND}, ada.url, "said.append")
    script = f"const RUN = {second!r}\n{code}"
    await run(ada, f"<body><pre id=said></pre><script type=module>{script}</script></body>")

    shown = ada.page.frame_locator("iframe[title='Preview of main.html']")
    await expect(shown.locator("#said")).to_have_text(refused({**IN_A_PAGE, **SECOND}))


async def test_page_of_another_host_cannot_show_the_frame(api: Api, person: NewPerson) -> None:
    """Only pages of PUBLIC_URL may start programs in the frame."""
    second, ada = await second_origin(api), await person()
    ada.expected.append(".")  # the browser reports the refusal
    await ada.page.goto(api.url.replace("localhost", "127.0.0.1"))
    await ada.page.evaluate(
        """address => { const frame = document.createElement("iframe"); frame.src = address
          globalThis.loaded = new Promise((done) => { frame.onload = done })
          document.body.append(frame) }""",
        f"{second}/run/",
    )
    await ada.page.evaluate("async () => { await loaded }")

    shown = [frame.url for frame in ada.page.frames if frame != ada.page.main_frame]
    assert shown == ["chrome-error://chromewebdata/"]
