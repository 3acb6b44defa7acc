"""Measures how fast programs start in a browser: `make run-speed`.

A real server and Chromium give the time from the key that runs a program until its end is shown,
the time of a series of tests, and from a key to the next frame while a program loops. Last comes
the server's CPU time in a second for 100 viewers of a program that prints all the time. It is
compared with the time of their cursors (`bench.programs.viewers`). Times depend on the machine. The
exit code is 1 if a figure is over its bound.
"""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter
from typing import Any

from playwright.async_api import Browser, Page, async_playwright, expect

from bench.programs import viewers
from tests.browser.conftest import FLAGS, Someone
from tests.browser.programs import output, programmer, run, write
from tests.cold_start import Figure
from tests.processes import ServerProcess, free_port
from tests.system_packages import needed_program

_PROGRAMS = {
    "python": "print({})",
    "javascript": "console.log({})",
    "typescript": "console.log({})",
    "sql": "SELECT {};",
    "lua": "print({})",
}
_FURTHER = 5
_CASES = 10
_KEYS = 60
_PATIENCE_MS = 120_000

_WATCH_KEYS = """() => { globalThis.delays = []
  document.addEventListener("keydown", () => { const pressed = performance.now()
    requestAnimationFrame(() => { const next = new MessageChannel()
      next.port1.onmessage = () => delays.push(performance.now() - pressed)
      next.port2.postMessage(0) }) }, true) }"""
"""Notes the milliseconds from each key to the end of the frame that shows its letter."""

_ADD_TESTS = """async ({ id, count }) => { for (let n = 0; n < count; n++)
  await fetch(`/session/${id}/tests`, { method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ name: `case ${n}`, kind: "case", root: "codemirror", input: `${n}\\n`,
      expected: `${n}\\n` }) }) }"""


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
    # It has an event loop of its own.
    cpu_ms = await asyncio.to_thread(viewers.measure)
    program, cursors = cpu_ms["program"], cpu_ms["cursors"]
    figures.append(Figure("CPU of 100 viewers of a chatty program", program, cursors, "ms"))
    for name, value, most, unit in figures:
        verdict = "" if value <= most else "  too much"
        print(f"{name:<42}{value:>8.2f} {unit:<3} of at most {most:g} {unit}{verdict}")
    return int(any(figure.value > figure.most for figure in figures))


async def _measure(browser: Browser, url: str) -> list[Figure]:
    figures = []
    for language in _PROGRAMS:
        async with _owner(browser, url, language) as ada:
            figures += await _starts(ada, language)
            if language == "python":
                figures += [await _series(ada), await _typing(ada)]
    return figures


@asynccontextmanager
async def _owner(browser: Browser, url: str, language: str) -> AsyncIterator[Someone]:
    """Yield the owner of a session in a language, in a browser with an empty cache."""
    context = await browser.new_context(viewport={"width": 1280, "height": 800})
    try:

        async def person(**_: Any) -> Someone:
            return Someone(await context.new_page(), context, url)

        yield await programmer(person, language)
    finally:
        await context.close()


async def _starts(ada: Someone, language: str) -> list[Figure]:
    """Return the times of first runs without and with the browser's cache, and of later ones."""
    slow = language == "python"
    cold = await _run_s(ada, language, 0)
    await ada.until_saved()
    await ada.page.reload()
    await expect(ada.text).to_be_visible()
    warm = await _run_s(ada, language, 1)
    further = []
    for number in range(_FURTHER + 1):
        further.append(await _run_s(ada, language, number + 2))
        # the worker of the next run loads after the end of this one
        await ada.page.wait_for_load_state("networkidle")
    return [
        Figure(f"{language}, first run, nothing cached", cold, 6 if slow else 1.5, "s"),
        Figure(f"{language}, first run, cached", warm, 2.5 if slow else 1, "s"),
        Figure(f"{language}, further runs", median(further[1:]), 0.3, "s"),
    ]


async def _run_s(ada: Someone, language: str, number: int) -> float:
    """Return the seconds from Ctrl+Enter until the output and the end of a program are shown."""
    await write(ada, _PROGRAMS[language].format(number + 1_000))
    begun = perf_counter()
    await ada.page.keyboard.press("Control+Enter")
    await expect(output(ada)).to_contain_text(str(number + 1_000), timeout=_PATIENCE_MS)
    await expect(ada.page.get_by_text("Done in ")).to_be_visible(timeout=_PATIENCE_MS)
    return perf_counter() - begun


async def _series(ada: Someone) -> Figure:
    """Return the seconds that each of several tests in Python takes."""
    page: Page = ada.page
    id_ = page.url.rpartition("/")[2]
    await write(ada, "print(input())")
    await page.evaluate(_ADD_TESTS, {"id": id_, "count": _CASES})
    await page.get_by_role("tab", name="Tests").click()
    begun = perf_counter()
    await page.keyboard.press("Control+Shift+Enter")
    await expect(page.get_by_role("region", name="Results of tests")).to_contain_text(
        f"{_CASES} of {_CASES} passed", timeout=_PATIENCE_MS
    )
    return Figure("python, each of ten tests", (perf_counter() - begun) / _CASES, 1, "s")


async def _typing(ada: Someone) -> Figure:
    """Return the milliseconds from a key to its frame while a program loops, for 19 of 20 keys."""
    page = ada.page
    await run(ada, "print('loops')\nwhile True: pass\n#")
    await page.get_by_role("tab", name="Output").click()
    await expect(output(ada)).to_contain_text("loops", timeout=_PATIENCE_MS)
    await page.locator("#editor .cm-content").first.click()
    await page.evaluate(_WATCH_KEYS)
    await page.keyboard.type("x" * _KEYS, delay=50)
    delays: list[float] = await page.evaluate("delays")
    await ada.button("Stop").click()
    return Figure("key to frame while Python loops, p95", quantiles(delays, n=20)[-1], 40, "ms")


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
