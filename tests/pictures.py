"""Takes the pictures of the web app for the README and for the app's first page.
`python -m tests.pictures` writes them to docs/pictures and to static/src/pages/pictures.

A real server and two real browsers show a teacher and a guest in one session. There is one picture
in the light theme and one in the dark theme. Take the pictures again when the app looks different,
and build the app after that. No test compares them, because fonts differ between machines.
"""

import asyncio
import io
import sys
import tempfile
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.async_api import Browser, ViewportSize, async_playwright, expect

from tests.browser.conftest import FLAGS, Someone
from tests.processes import ROOT, ServerProcess, free_port
from tests.system_packages import needed_program

FOLDER = ROOT / "docs" / "pictures"
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
FIRST_PAGE = ROOT / "static" / "src" / "pages" / "pictures"
_SIZE = ViewportSize(width=1120, height=470)
_SCALE = 2
_COLOURS = 128
"""Number of colours.

Few colours make a small file, because each surface of the app has one colour."""

_FIRST_PAGE_WIDTH = 1_400
"""The width of the picture in pixels. The first page shows it at most 1,000 CSS pixels wide."""
_QUALITY = 45
"""Quality of WebP: both pictures have less than 60 kB together, and small letters stay sharp."""

_CODE = '''def two_sum(numbers: list[int], target: int) -> tuple[int, int] | None:
    """Return the places of two numbers that add up to `target`."""
    seen: dict[int, int] = {}
    for place, number in enumerate(numbers):
        if (other := seen.get(target - number)) is not None:
            return other, place
        seen[number] = place
    return None


'''
_ANSWER = "assert two_sum([2, 7, 11, 15], 9) == (0, 1)"
_CHAT = (
    ("ada", "Can you do it in one pass?"),
    ("gus", "Yes, with a `dict` of what was seen"),
    ("ada", "Add a test?"),
)


async def main() -> int:
    """Start a server with an empty store, and take the pictures."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        server = ServerProcess(Path(folder) / "data", free_port())
        try:
            await server.start()
            async with async_playwright() as playwright:
                path = needed_program("chromium")
                browser = await playwright.chromium.launch(executable_path=path, args=FLAGS)
                await _take(browser, server.url)
                await browser.close()
        finally:
            await server.end()
    return 0


async def _take(browser: Browser, url: str) -> None:
    ada, gus = await _person(browser, url), await _person(browser, url)
    await ada.sign_up("Ada")
    await ada.create("Interview: two sum", access="link")
    await ada.page.get_by_label("Language", exact=True).select_option("python")
    await ada.type(_CODE)
    await gus.enter_as_guest(await ada.invite("editor"), "Gus")
    await expect(gus.text).to_contain_text("return None")
    for name, message in _CHAT:
        someone = ada if name == "ada" else gus
        await someone.page.get_by_role("textbox", name="Message").fill(message)
        await someone.page.keyboard.press("Enter")
        await expect(ada.page.get_by_text(message.partition("`")[0]).last).to_be_visible()
    await gus.page.locator(".cm-line").last.click()
    await gus.page.keyboard.insert_text(_ANSWER)
    await gus.until_saved()
    await ada.until_saved()
    for theme in THEMES:
        await ada.page.emulate_media(color_scheme=theme)
        await expect(ada.page.locator("html")).to_have_attribute("data-theme", theme)
        picture = await ada.page.screenshot(animations="disabled")
        _keep(picture, FOLDER / f"editor-{theme}.png")
        _keep_small(picture, FIRST_PAGE / f"session-{theme}.webp")


async def _person(browser: Browser, url: str) -> Someone:
    """Return a person with a browser. Reduced motion keeps the name at a cursor visible."""
    context = await browser.new_context(
        viewport=_SIZE, device_scale_factor=_SCALE, reduced_motion="reduce"
    )
    return Someone(await context.new_page(), context, url)


def _keep(picture: bytes, path: Path) -> None:
    """Write a picture with few colours, and print its size."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    image.quantize(_COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size:,} bytes")


def _keep_small(picture: bytes, path: Path) -> None:
    """Write a picture for the app's first page, and print its size."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    size = (_FIRST_PAGE_WIDTH, round(image.height * _FIRST_PAGE_WIDTH / image.width))
    image.resize(size, Image.Resampling.LANCZOS).save(path, quality=_QUALITY, method=6)
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
