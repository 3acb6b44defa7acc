"""Tests of the keyboard focus: in panels, dialogs and new pages, and after something is closed."""

import io
import re

from PIL import Image
from playwright.async_api import Locator, expect

from tests.browser.conftest import NewPerson, Someone


async def in_session(person: NewPerson) -> Someone:
    ada = await person()
    await ada.open_new("Focus")
    return ada


async def test_keys_lead_into_a_panel_and_back(person: NewPerson) -> None:
    """A panel's key focuses the panel, also when it is already open.

    Escape closes the panel and gives the focus back to the text.
    """
    ada = await in_session(person)
    message = ada.page.get_by_role("textbox", name="Message")
    for leave in ("Escape", "Alt+c"):
        await ada.text.click()
        await ada.page.keyboard.press("Alt+c")
        await expect(message).to_be_focused()
        await ada.page.keyboard.press(leave)
        await expect(ada.page.locator(".side")).to_have_count(0)
        await expect(ada.text).to_be_focused()

    await ada.page.keyboard.press("Alt+p")
    await expect(ada.button("Invite people")).to_be_focused()
    await ada.page.keyboard.press("Escape")
    await expect(ada.text).to_be_focused()


async def test_panel_that_is_closed_gives_the_focus_to_its_opener(person: NewPerson) -> None:
    ada = await in_session(person)
    await ada.button("Close the panel").click()
    await expect(ada.text).to_be_focused()
    opener = ada.button("People").last
    await opener.click()
    await ada.button("Close the panel").click()
    await expect(opener).to_be_focused()


async def test_dialog_of_home_gives_the_focus_back(person: NewPerson) -> None:
    ada = await person()
    await ada.sign_up()
    for close in ("Escape", "Close"):
        await ada.button("New session").click()
        await expect(ada.page.get_by_label("Title")).to_be_focused()
        if close == "Close":
            await ada.button("Close").click()
        else:
            await ada.page.keyboard.press(close)
        await expect(ada.button("New session")).to_be_focused()


async def test_next_page_has_the_focus_in_its_content(person: NewPerson) -> None:
    """The next page takes the focus, because the focused link has left with its page."""
    ada = await in_session(person)
    await ada.page.get_by_role("link", name="Versions").click()
    await expect(ada.page.locator("#main")).to_be_focused()
    await ada.page.get_by_role("link", name="Back to the editor").click()
    await expect(ada.page.locator("#editor")).to_be_focused()
    await ada.page.get_by_role("link", name="Collab, home").click()
    await expect(ada.page.locator("#main")).to_be_focused()
    await ada.page.go_back()
    await expect(ada.page.locator("#editor")).to_be_focused()


async def test_question_mark_typed_into_a_read_only_text_opens_nothing(
    person: NewPerson,
) -> None:
    ada, gil = await in_session(person), await person()
    await ada.let_in(gil, "Gil", "viewer")
    await expect(gil.text).to_have_attribute("contenteditable", "false")
    await gil.text.focus()
    await gil.page.keyboard.press("?")
    await gil.page.get_by_role("heading", name="Focus").click()
    await expect(gil.page.get_by_role("dialog")).to_have_count(0)
    await gil.page.keyboard.press("?")
    await expect(gil.page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()


async def ground(toast: Locator) -> tuple[int, int, int]:
    """Return the colour of the screen near the toast's left edge, where it has no letters."""
    box = await toast.bounding_box()
    assert box
    shot = Image.open(io.BytesIO(await toast.page.screenshot())).convert("RGB")
    red, green, blue = shot.getpixel((int(box["x"]) + 4, int(box["y"] + box["height"] / 2)))  # type: ignore[misc]
    return red, green, blue


async def test_toast_is_shown_above_open_dialogs(person: NewPerson) -> None:
    """A toast is drawn above a dialog that was open before, and above one that opens later.

    A screen reader hears the toast's text too.
    """
    ada = await in_session(person)
    await ada.button("Share").click()
    await ada.button("Create link").click()
    toast = ada.page.locator(".toast")
    await expect(toast).to_have_text(re.compile("^(The link is copied|Copying is not allowed)"))
    said = ada.page.get_by_role("dialog").locator("[aria-live]")
    await expect(said).to_have_text(await toast.text_content() or "")
    own = await toast.evaluate("toast => getComputedStyle(toast).backgroundColor")
    assert f"rgb{await ground(toast)}" == own

    await ada.page.keyboard.press("Escape")
    await ada.choose("Settings")
    await expect(ada.page.get_by_role("dialog")).to_be_visible()

    assert f"rgb{await ground(toast)}" == own
