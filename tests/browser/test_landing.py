"""Tests of the first page for people who are not signed in, and of the session that it starts."""

from pathlib import Path

from playwright.async_api import Response, expect

from tests.browser.conftest import NewPerson

FIRST_PAGE_BYTES = 130_000
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


async def test_first_page_transfers_little(person: NewPerson) -> None:
    """The first page loads little: one font, one picture, and no editor."""
    ada = await person()
    answers: list[Response] = []
    ada.page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108  # Playwright marks it

    await ada.go("/")

    await expect(ada.button("Start a session")).to_be_visible()
    await expect(ada.page.locator(".product")).to_have_js_property("complete", True)
    await ada.page.evaluate("document.fonts.ready.then(() => null)")
    sizes = {}
    for answer in answers:
        measured = await answer.request.sizes()
        sizes[answer.url] = measured["responseBodySize"] + measured["responseHeadersSize"]
    print(f"first page: {sum(sizes.values())} bytes in {len(sizes)} answers")
    assert sum(sizes.values()) <= FIRST_PAGE_BYTES, sizes
    assert sum("woff2" in url for url in sizes) == 1
    assert sum("webp" in url for url in sizes) == 1


def test_pictures_of_first_page_are_small() -> None:
    """The pictures of both themes together have at most 60 kB."""
    pictures = list((DIST / "assets").glob("session-*.webp"))
    assert len(pictures) == 2
    assert sum(picture.stat().st_size for picture in pictures) <= PICTURES_BYTES
