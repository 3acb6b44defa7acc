"""Measures how a browser starts the web app: `make cold-start`.

With a real server and with Chromium, it measures the bytes of the landing page and of a session. It
also measures the time until the session's text is shown. The cache is empty at first. The second
visit is over a fast 3G line, and the browser already has the app's files. Times depend on the
machine. The exit code is 1 if a figure is over its bound.
"""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

from playwright.async_api import Browser, Page, async_playwright, expect

from tests.browser.conftest import FLAGS, Someone
from tests.processes import ServerProcess, free_port
from tests.system_packages import needed_program

_KB = 1_000
_TEXT = "the first line of the session\n"
_FAST_3G = {
    "offline": False, "latency": 150,
    "downloadThroughput": 1_600_000 / 8, "uploadThroughput": 750_000 / 8,
}  # fmt: skip
"""1.6 Mbit/s and a delay of 150 ms, as in the browser's own tools."""

_CONTROLLED = """navigator.serviceWorker.ready.then(() => navigator.serviceWorker.controller ? 1 :
  new Promise(done => navigator.serviceWorker.addEventListener("controllerchange", done)))
  .then(() => true)"""


class Figure(NamedTuple):
    """One figure and its upper bound."""

    name: str
    value: float
    most: float
    unit: str


class Line:
    """The network traffic of one page, which the browser's tools measure."""

    def __init__(self, tools: Any) -> None:
        self._tools = tools
        self.received = 0
        tools.on("Network.loadingFinished", self._finished)

    @classmethod
    async def of(cls, page: Page) -> "Line":
        tools = await page.context.new_cdp_session(page)
        await tools.send("Network.enable")
        return cls(tools)

    async def slow_down(self) -> None:
        await self._tools.send("Network.emulateNetworkConditions", _FAST_3G)

    def _finished(self, event: dict[str, Any]) -> None:
        self.received += event["encodedDataLength"]


async def main() -> int:
    """Measure, print the figures, and return the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        server = ServerProcess(Path(folder) / "data", free_port())
        try:
            await server.start()
            async with async_playwright() as playwright:
                path = needed_program("chromium")
                browser = await playwright.chromium.launch(executable_path=path, args=FLAGS)
                figures = await _measure(browser, server.url)
                await browser.close()
        finally:
            await server.end()
    for name, value, most, unit in figures:
        verdict = "" if value <= most else "  too much"
        print(f"{name:<42}{value:>8.1f} {unit:<3} of at most {most:g} {unit}{verdict}")
    return int(any(figure.value > figure.most for figure in figures))


async def _measure(browser: Browser, url: str) -> list[Figure]:
    state, address = await _prepared(browser, url)
    async with _page(browser) as page:
        line = await Line.of(page)
        await page.goto(url, wait_until="networkidle")
        landing = line.received / _KB
    async with _page(browser, storage_state=state) as page:
        line = await Line.of(page)
        first_line = await _first_line_s(page, address)
        await page.wait_for_load_state("networkidle")
        session = line.received / _KB
    async with _page(browser, storage_state=state, service_workers="allow") as page:
        await _first_line_s(page, address)
        await page.evaluate(_CONTROLLED)
        await (await Line.of(page)).slow_down()
        second = await _first_line_s(page, address)
    return [
        Figure("landing page, received", landing, 130, "kB"),
        Figure("session before runtimes, received", session, 300, "kB"),
        Figure("session, first line", first_line, 1.2, "s"),
        Figure("second visit over fast 3G, first line", second, 1.5, "s"),
    ]


async def _prepared(browser: Browser, url: str) -> tuple[Any, str]:
    """Return the stored data of a user's browser, and the address of their session with text."""
    async with _page(browser) as page:
        ada = Someone(page, page.context, url)
        await ada.sign_up()
        session_id = await ada.create("Cold start")
        await ada.type(_TEXT)
        await ada.until_saved()
        return await page.context.storage_state(), f"{url}/s/{session_id}"


@asynccontextmanager
async def _page(browser: Browser, **options: Any) -> AsyncIterator[Page]:
    """Yield a page with an empty cache.

    Service workers are off, because they load files that the page does not show.
    """
    context = await browser.new_context(**{"service_workers": "block", **options})
    try:
        yield await context.new_page()
    finally:
        await context.close()


async def _first_line_s(page: Page, address: str) -> float:
    """Open a session; return the seconds until its text is shown."""
    begun = perf_counter()
    await page.goto(address, wait_until="commit")
    await page.locator(".cm-line", has_text=_TEXT.strip()).first.wait_for()
    seconds = perf_counter() - begun
    await expect(page.get_by_test_id("saved")).to_have_text("Saved")
    return seconds


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
