"""Helpers for tests that run programs in the browser."""

from playwright.async_api import Locator

from tests.browser.conftest import NewPerson, Someone


def output(one: Someone) -> Locator:
    return one.page.get_by_test_id("output")


async def programmer(person: NewPerson, language: str) -> Someone:
    """Return the owner of a new session in a language."""
    ada = await person()
    await ada.open_new("Running")
    await choose_language(ada, language)
    return ada


async def choose_language(one: Someone, language: str) -> None:
    """Choose the session's language. A program that is run immediately afterwards runs in it."""
    await one.page.get_by_role("banner").get_by_label("Language").select_option(language)


async def write(one: Someone, code: str) -> None:
    """Replace the text of the open file."""
    # The difference of a failed test is an editor, too.
    await one.page.locator("#editor .cm-content").first.click()
    await one.page.keyboard.press("Control+a")
    await one.page.keyboard.press("Delete")
    await one.page.keyboard.insert_text(code)


async def run(one: Someone, code: str) -> None:
    """Replace the text by a program, and run it."""
    await write(one, code)
    await one.page.keyboard.press("Control+Enter")
