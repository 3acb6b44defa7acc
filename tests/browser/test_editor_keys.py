"""Tests of the editor's own keys and panels: Vim, undo in each file, search."""

from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.conftest import NewPerson, Someone

CONTRAST = Path(__file__).with_name("contrast.js").read_text()


async def press(someone: Someone, *keys: str) -> None:
    for key in keys:
        await someone.page.keyboard.press(key)


async def with_vim(person: NewPerson) -> Someone:
    ada = await person()
    await ada.open_new("Vim")
    await ada.choose("Settings")
    await ada.page.get_by_role("combobox", name="Keys").select_option("vim")
    await press(ada, "Escape")
    await expect(ada.page.locator(".cm-vimMode")).to_have_count(1)
    await ada.text.click()
    return ada


async def test_vim_undo_and_redo_go_step_by_step(person: NewPerson) -> None:
    """One undo step is a command, or all text typed during one stay in insert mode."""
    ada = await with_vim(person)
    await ada.page.keyboard.type("ione")
    await press(ada, "Escape")
    await ada.page.keyboard.type("otwo")
    await press(ada, "Escape")
    lines = ada.page.locator(".cm-line")
    await expect(lines).to_have_text(["one", "two"])

    await press(ada, "d", "d")
    await press(ada, "d", "d")
    await expect(ada.text).to_have_text("")
    await press(ada, "u")
    await expect(lines).to_have_text(["one"])
    await press(ada, "u")
    await expect(lines).to_have_text(["one", "two"])
    await press(ada, "u")
    await expect(lines).to_have_text(["one"])
    await press(ada, "Control+r")
    await expect(lines).to_have_text(["one", "two"])
    await ada.page.keyboard.type(":undo\n")
    await expect(lines).to_have_text(["one"])
    await ada.page.keyboard.type(":redo\n")
    await expect(lines).to_have_text(["one", "two"])


async def test_vim_undo_keeps_text_of_others(person: NewPerson) -> None:
    ada, gil = await with_vim(person), await person()
    await ada.let_in(gil, "Gil")
    await ada.text.click()
    await ada.page.keyboard.type("iada")
    await press(ada, "Escape")
    await expect(gil.text).to_have_text("ada")
    await gil.text.click()
    await press(gil, "Control+End")
    await gil.page.keyboard.type(" gil")
    await expect(ada.text).to_have_text("ada gil")

    await press(ada, "u")

    await expect(ada.text).to_have_text(" gil")
    await expect(gil.text).to_have_text(" gil")


async def test_vim_shows_its_mode(person: NewPerson) -> None:
    ada = await with_vim(person)
    mode = ada.page.locator(".cm-vim-panel")
    await expect(mode).to_contain_text("NORMAL")

    await press(ada, "i")
    await expect(mode).to_contain_text("INSERT")
    await press(ada, "Escape", "v")
    await expect(mode).to_contain_text("VISUAL")


async def test_undo_caret_and_scroll_are_kept_for_each_file(person: NewPerson) -> None:
    """The caret stays at its letter while another person types above it.

    Undo acts only on the file that is open.
    """
    ada, gil = await person(), await person()
    await ada.open_new("Two files")
    await ada.let_in(gil, "Gil")
    await ada.type("\n".join(f"line {number}" for number in range(200)))
    await ada.page.keyboard.type(" by ada")
    await ada.button("Add a file").click()
    await ada.page.get_by_label("Name of the new file").fill("util.py")
    await press(ada, "Enter")
    await ada.type("second file")
    await expect(gil.row("util.py")).to_be_visible()
    await gil.text.click()
    await press(gil, "Control+Home")
    await gil.page.keyboard.type("first\n")
    await gil.until_saved()

    await ada.page.get_by_role("tab").first.click()
    await expect(ada.text).to_contain_text("line 199 by ada")
    await expect(ada.text).not_to_contain_text("line 0")
    await ada.text.focus()
    await ada.page.keyboard.type("!")
    await expect(ada.text).to_contain_text("line 199 by ada!")
    await press(ada, "Control+z")
    await expect(ada.text).not_to_contain_text("ada!")

    await ada.page.get_by_role("tab", name="util.py").click()
    await ada.text.focus()
    await press(ada, "Control+z")
    await expect(ada.text).to_have_text("")


async def test_new_file_gets_the_focus_each_time(person: NewPerson) -> None:
    """The focus goes to the field for the name, then to the file's editor.

    Escape gives the focus back to the button.
    """
    ada = await person()
    await ada.open_new("New files")
    for name in ("one.py", "two.py"):
        await ada.button("Add a file").click()
        await expect(ada.page.get_by_label("Name of the new file")).to_be_focused()
        await ada.page.keyboard.type(name)
        await press(ada, "Enter")
        await ada.page.keyboard.type(f"text of {name}")  # no pause; no letter may be lost
        await expect(ada.text).to_be_focused()
        await expect(ada.text).to_have_text(f"text of {name}")

    await ada.button("Add a file").click()
    await press(ada, "Escape")
    await expect(ada.button("Add a file")).to_be_focused()
    for _ in range(2):
        await press(ada, "Control+s")
        await expect(ada.page.get_by_label("Label")).to_be_focused()
        await press(ada, "Escape")


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_text_and_fields_can_be_read_with_panels_open(person: NewPerson, theme: str) -> None:
    """Text has enough contrast in CodeMirror's panels, too: search, go to line, completion."""
    ada = await person()
    await ada.sign_up()
    await ada.create("Panels", starter=True)
    await ada.choose("Settings")
    await ada.page.get_by_role("combobox", name="Theme").select_option(theme)
    await press(ada, "Escape")
    await ada.text.click()
    await press(ada, "Control+f")
    await ada.page.get_by_role("textbox", name="Find").press_sequentially("e")
    await expect(ada.page.locator(".cm-searchMatch").first).to_be_visible()
    assert await ada.page.evaluate(CONTRAST) == []

    await press(ada, "Escape", "Control+a", "Control+Alt+g")
    await ada.page.locator(".cm-dialog input, .cm-gotoLine input").fill("2")
    assert await ada.page.evaluate(CONTRAST) == []
    await ada.check_access()

    await press(ada, "Escape", "Control+End", "Enter", "f", "o", "Control+Space")
    await expect(ada.page.locator(".cm-tooltip-autocomplete")).to_be_visible()
    assert await ada.page.evaluate(CONTRAST) == []
