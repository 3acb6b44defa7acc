"""Tests of the first page for people who are not signed in, and of the session that it starts."""

import re
from pathlib import Path

from playwright.async_api import Response, expect

from tests.browser.conftest import NewPerson, Someone

FIRST_PAGE_BYTES = 130_000
SESSION_BYTES = 300_000
PICTURES_BYTES = 60_000
DIST = Path(__file__).parents[2] / "static" / "dist"


async def test_session_starts_in_one_click_and_is_kept_after_sign_up(person: NewPerson) -> None:
    """A visitor without an account writes and invites others.

    They keep the session after signing up.
    """
    ada, gil = await person(), await person()
    await ada.go("/")
    await ada.button("Start a session").click()
    await expect(ada.text).to_be_visible()
    address = ada.page.url
    await ada.type("mine")
    await ada.until_saved()
    await gil.enter_as_guest(await ada.invite("editor"), "Gil")
    await expect(gil.text).to_contain_text("mine")

    await ada.sign_up("adalovelace")

    await expect(ada.page.get_by_role("list", name="My sessions")).to_contain_text("Untitled")
    await ada.page.goto(address)
    await expect(ada.text).to_contain_text("mine")
    await expect(ada.button("Share")).to_be_visible()


async def test_first_page_says_why_no_session_starts(person: NewPerson) -> None:
    """If the server cannot be reached, the page says so. A later click starts the session."""
    ada = await person()
    ada.expected.append("ERR_FAILED")
    await ada.go("/")
    await ada.page.route("**/user/guest", lambda route: route.abort())
    await ada.button("Start a session").click()
    await expect(ada.page.get_by_text("The server cannot be reached.")).to_be_visible()

    await ada.page.unroute("**/user/guest")
    await ada.button("Start a session").click()

    await expect(ada.text).to_be_visible()


class Transfer:
    """The answers to a page's requests."""

    def __init__(self, someone: Someone) -> None:
        self._page = someone.page
        self._answers: list[Response] = []
        self._page.on("response", lambda answer: self._answers.append(answer))  # noqa: PLW0108  # Playwright marks it

    async def sizes(self) -> dict[str, int]:
        """Return the bytes of each answer by its address, when all fonts are loaded."""
        await self._page.evaluate("document.fonts.ready.then(() => null)")
        sizes = {}
        for answer in self._answers:
            measured = await answer.request.sizes()
            sizes[answer.url] = measured["responseBodySize"] + measured["responseHeadersSize"]
        print(f"{sum(sizes.values())} bytes in {len(sizes)} answers")
        return sizes


async def test_first_page_transfers_little(person: NewPerson) -> None:
    """The first page loads little: one font, one picture, and no editor."""
    ada = await person()
    transfer = Transfer(ada)

    await ada.go("/")

    await expect(ada.button("Start a session")).to_be_visible()
    await expect(ada.page.locator(".product")).to_have_js_property("complete", True)
    sizes = await transfer.sizes()
    assert sum(sizes.values()) <= FIRST_PAGE_BYTES, sizes
    assert sum("woff2" in url for url in sizes) == 1
    assert sum("webp" in url for url in sizes) == 1


async def test_session_transfers_little_and_search_when_it_is_used(person: NewPerson) -> None:
    """A session loads what shows and edits its text, and two fonts.

    The search is loaded when the text first has the focus. Ctrl+F opens it as the first key.
    """
    ada, cold = await person(), await person()
    await ada.go("/")
    await ada.button("Start a session").click()
    await ada.type("let text = 1")
    await ada.until_saved()
    await cold.context.add_cookies(await ada.context.cookies())  # type: ignore[arg-type]  # the same
    await cold.page.add_init_script("localStorage.setItem('signedIn', 'yes')")
    transfer = Transfer(cold)

    await cold.page.goto(ada.page.url)
    await cold.until_saved()
    await expect(cold.page.locator(".cm-line span").first).to_be_visible()

    sizes = await transfer.sizes()
    assert sum(sizes.values()) <= SESSION_BYTES, sizes
    assert sum("woff2" in url for url in sizes) == 2
    assert not [url for url in sizes if re.search(r"/(search|vim|people|dialogs)-", url)]
    await cold.text.focus()
    await cold.page.keyboard.press("Control+f")
    await expect(cold.page.locator(".cm-search")).to_be_visible()
    assert [url for url in await transfer.sizes() if "/search-" in url]


def test_pictures_of_first_page_are_small() -> None:
    """The pictures of both themes together have at most 60 kB."""
    pictures = list((DIST / "assets").glob("session-*.webp"))
    assert len(pictures) == 2
    assert sum(picture.stat().st_size for picture in pictures) <= PICTURES_BYTES
