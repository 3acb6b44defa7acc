"""Helpers for tests that run programs in the browser."""

from playwright.async_api import Locator

from tests.browser.conftest import NewPerson, Someone


def output(person: Someone) -> Locator:
    return person.page.get_by_test_id("output")


async def programmer(person: NewPerson, language: str) -> Someone:
    """Return the owner of a new session in a language."""
    ada = await person()
    await ada.open_new("Running")
    await choose_language(ada, language)
    return ada


async def choose_language(person: Someone, language: str) -> None:
    """Choose the session's language. A program that is run immediately afterwards runs in it."""
    await person.page.get_by_role("banner").get_by_label("Language").select_option(language)


async def write(person: Someone, code: str) -> None:
    """Replace the text of the open file."""
    # The difference of a failed test is an editor, too.
    await person.page.locator("#editor .cm-content").first.click()
    await person.page.keyboard.press("Control+a")
    await person.page.keyboard.press("Delete")
    await person.page.keyboard.insert_text(code)


async def run(person: Someone, code: str) -> None:
    """Replace the text by a program, and run it."""
    await write(person, code)
    await person.page.keyboard.press("Control+Enter")
