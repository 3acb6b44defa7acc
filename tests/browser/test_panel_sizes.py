"""The sizes of the panels around the text, and the row of symbols on a phone."""

from playwright.async_api import Locator, expect

from tests.browser.conftest import NewPerson


async def width_of(element: Locator) -> float:
    box = await element.bounding_box()
    assert box
    return box["width"]


async def test_panel_keeps_size_that_user_gave_it(person: NewPerson) -> None:
    """Arrow keys and the pointer change the size.

    A reload keeps it, and a double click resets it.
    """
    ada = await person()
    await ada.open_new("Sizes")
    side = ada.page.locator(".side")
    divider = ada.page.get_by_role("separator", name="Width of the panel")
    assert await width_of(side) == 320

    await divider.focus()
    await ada.page.keyboard.press("ArrowLeft")
    await expect(divider).to_have_attribute("aria-valuenow", "336")
    assert await width_of(side) == 336
    box = await divider.bounding_box()
    assert box
    middle, line = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    await ada.page.mouse.move(middle, line)
    await ada.page.mouse.down()
    await ada.page.mouse.move(middle - 64, line)
    await ada.page.mouse.up()
    await expect(divider).to_have_attribute("aria-valuenow", "400")
    await ada.page.reload()
    await expect(divider).to_have_attribute("aria-valuenow", "400")
    assert await width_of(side) == 400

    await divider.dblclick()

    await expect(divider).to_have_attribute("aria-valuenow", "320")
    await ada.check_access()


async def test_phone_has_symbols_that_keep_text_focused(person: NewPerson) -> None:
    """The row of symbols is above the keyboard while the text has the focus.

    Each of its keys acts on the text.
    """
    ada = await person(viewport={"width": 390, "height": 700}, has_touch=True)
    await ada.open_new("Phone")
    symbols = ada.page.get_by_role("toolbar", name="Symbols")
    await expect(symbols).to_be_hidden()
    await ada.type("ab")
    await expect(symbols).to_be_visible()

    for name in ("Caret to the left", "{", "Caret to the right", "="):
        await symbols.get_by_role("button", name=name, exact=True).tap()

    await expect(ada.text).to_have_text("a{b=")
    await expect(ada.text).to_be_focused()
    await symbols.get_by_role("button", name="Undo").tap()
    await expect(ada.text).not_to_contain_text("=")
    assert await ada.page.evaluate("document.documentElement.scrollWidth") <= 390
    await ada.check_access()
