"""Tests of files that people create, rename, move and delete while others look on."""

import re

from playwright.async_api import expect

from tests.browser.conftest import NewPerson
from tests.browser.files import add, rename, rows, two
from tests.waiting import until


async def test_files_created_renamed_and_moved_are_seen_by_others(person: NewPerson) -> None:
    """Empty files and folders exist for everybody, and stay after a reload."""
    ada, gil, _ = await two(person)
    await add(ada, "notes.md")
    await add(ada, "src/util.py")
    await expect(gil.row("src")).to_have_attribute("aria-expanded", "true")
    await expect(gil.row("util.py")).to_have_attribute("aria-level", "2")

    await rename(gil, "notes.md", "src/readme.md")
    await expect(ada.row("readme.md")).to_have_attribute("aria-level", "2")
    await expect(ada.page.get_by_role("tab", name="readme.md")).to_be_visible()
    await rename(gil, "src", "lib/src")
    await expect(ada.row("readme.md")).to_have_attribute("title", "lib/src/readme.md")
    await ada.until_saved()
    await gil.until_saved()
    await ada.page.reload()
    await expect(ada.row("util.py")).to_be_visible()
    assert await rows(ada) == ["lib", "src", "readme.md", "util.py", "main.js"]
    await expect(ada.page.get_by_role("tab", name="util.py")).to_have_attribute(
        "aria-selected", "true"
    )


async def test_deleted_file_is_brought_back_by_undo_list_and_others(person: NewPerson) -> None:
    """A deletion can be taken back in the message, in the list, and by another editor."""
    ada, gil, _ = await two(person)
    await add(ada, "util.py")
    await ada.type("kept text")
    await gil.row("util.py").click()
    await expect(gil.text).to_have_text("kept text")

    await ada.row("util.py").focus()
    await ada.page.keyboard.press("Delete")
    await expect(ada.page.get_by_role("tab", name="util.py")).to_have_count(0)
    await expect(gil.page.get_by_role("main")).to_contain_text("util.py was deleted.")
    await gil.check_access()
    await ada.button("Undo").click()
    await expect(ada.text).to_have_text("kept text")
    await expect(gil.text).to_have_text("kept text")

    await ada.row("util.py").click(button="right")
    await ada.page.get_by_role("menuitem", name="Delete").click()
    await gil.button("Bring back").click()
    await expect(gil.text).to_have_text("kept text")
    await expect(gil.text).to_be_focused()
    await expect(ada.row("util.py")).to_be_visible()

    await ada.row("util.py").focus()
    await ada.page.keyboard.press("Delete")
    await ada.page.get_by_text("Deleted files (1)").click()
    await ada.check_access()
    await ada.button("Bring back util.py").click()
    await expect(ada.text).to_have_text("kept text")
    await expect(ada.page.get_by_text("Deleted files")).to_have_count(0)


async def test_files_are_handled_by_keyboard_alone(person: NewPerson) -> None:
    """Arrows, letters, F2, Delete, Ctrl+Z and Alt with arrows can do all that the pointer can."""
    ada = await person()
    await ada.open_new("Keys")
    press = ada.page.keyboard.press
    await ada.text.focus()
    for name in ("one.py", "in/two.py"):
        await press("Alt+n")
        await ada.page.keyboard.type(name)
        await press("Enter")
        await expect(ada.text).to_be_focused()
    await press("Alt+f")
    await expect(ada.row("two.py")).to_be_focused()
    await press("ArrowLeft")
    await expect(ada.row("in")).to_be_focused()
    await press("ArrowLeft")
    await expect(ada.row("two.py")).to_have_count(0)
    await press("ArrowRight")
    await press("End")
    await expect(ada.row("one.py")).to_be_focused()
    await press("Alt+ArrowUp")
    await expect(ada.row("one.py")).to_be_focused()
    assert await rows(ada) == ["in", "two.py", "one.py", "main.js"]
    await press("m")
    await expect(ada.row("main.js")).to_be_focused()
    await press("o")
    await press("F2")
    await expect(ada.page.get_by_label("New name of one.py")).to_be_focused()
    await ada.page.keyboard.type("three")
    await press("Enter")
    await expect(ada.row("three.py")).to_be_focused()
    await press("Delete")
    await expect(ada.row("main.js")).to_be_focused()
    await press("Control+z")
    await expect(ada.row("three.py")).to_be_focused()
    await press("Shift+F10")
    await expect(ada.page.get_by_role("menuitem").first).to_be_focused()
    await press("Escape")
    await expect(ada.row("three.py")).to_be_focused()
    await press("Enter")
    await expect(ada.text).to_be_focused()
    await press("Control+Alt+w")
    await expect(ada.page.get_by_role("tab", name="three.py")).to_have_count(0)
    await expect(ada.text).to_be_focused()


async def test_click_in_the_field_for_a_new_name_opens_no_file(person: NewPerson) -> None:
    """Clicks put the cursor into the name and select words of it, as in every field."""
    ada = await person()
    await ada.open_new("Field")
    await add(ada, "one.py")
    await ada.row("main.js").click()
    await ada.row("one.py").press("F2")
    field = ada.page.get_by_label("New name of one.py")
    await field.click()
    await field.dblclick()
    await expect(field).to_be_focused()
    await field.fill("two.py")
    await field.press("Enter")
    await expect(ada.row("two.py")).to_be_focused()
    await expect(ada.page.get_by_role("tab", name="main.js")).to_have_attribute(
        "aria-selected", "true"
    )


async def test_rows_are_dragged_into_folders_and_put_in_order(person: NewPerson) -> None:
    """A drop onto a folder moves a file, and a drop between files puts it in order, for all."""
    ada, gil, _ = await two(person)
    for name in ("src/a.py", "b.py", "c.py"):
        await add(ada, name)
    await ada.row("b.py").hover()
    await ada.page.mouse.down()
    # the first move of the pointer only begins the drag
    await ada.row("src").hover()
    await ada.row("src").hover()
    await expect(ada.row("src")).to_have_attribute("data-drop", "into")
    await ada.text.hover()
    await ada.text.hover()
    await expect(ada.page.locator("[data-drop]")).to_have_count(0)
    await ada.page.mouse.up()
    # a row that is dropped on the editor does not become text
    await ada.type("typed")
    await expect(ada.text).to_have_text("typed")

    await ada.row("b.py").drag_to(ada.row("src"))
    await expect(gil.row("b.py")).to_have_attribute("title", "src/b.py")
    await ada.row("c.py").drag_to(ada.row("main.js"), target_position={"x": 60, "y": 3})
    await until(lambda: rows(gil), lambda names: names[-2:] == ["c.py", "main.js"])
    await add(ada, "in/b.py")
    await ada.row("b.py").last.drag_to(ada.row("in"))
    await expect(ada.page.get_by_test_id("announcer")).to_have_text(
        "There is already a file in/b.py."
    )


async def test_tabs_are_closed_by_pointer_and_keys(person: NewPerson) -> None:
    """Only open files have tabs. A closed file is still in the list."""
    ada = await person()
    await ada.open_new("Tabs")
    tabs = ada.page.get_by_role("tab")
    for name in ("a/x.py", "b/x.py", "c.py"):
        await add(ada, name)
    await expect(tabs).to_have_text(["main.js", "a/x.py", "b/x.py", "c.py"])
    await ada.page.get_by_role("tab", name="b/x.py").click(button="middle")
    await expect(tabs).to_have_text(["main.js", "x.py", "c.py"])
    await ada.page.get_by_role("tab", name="c.py").locator(".tab-close").click()
    await expect(ada.page.get_by_role("tab", name="x.py")).to_have_attribute(
        "aria-selected", "true"
    )
    await ada.page.get_by_role("tab", name="x.py").focus()
    await ada.page.keyboard.press("Delete")
    await expect(ada.page.get_by_role("tab", name="main.js")).to_be_focused()
    await ada.page.keyboard.press("Delete")
    await expect(ada.page.get_by_role("main")).to_contain_text("No file is open.")
    await expect(ada.page.get_by_role("main")).to_be_focused()
    await ada.check_access()
    await ada.row("c.py").click()
    await expect(ada.text).to_be_focused()
    await expect(tabs).to_have_text(["c.py"])


async def test_viewers_see_files_without_actions(person: NewPerson) -> None:
    """A viewer opens files, and can download them, but cannot change them."""
    ada, gil, _ = await two(person, "viewer")
    await add(ada, "util.py")
    await ada.type("text")
    await gil.row("util.py").click()
    await expect(gil.text).to_have_text("text")
    for name in ("New file", "Add a file", "Upload files"):
        await expect(gil.button(name)).to_have_count(0)
    await gil.row("util.py").focus()
    for key in ("F2", "Delete", "Alt+ArrowUp"):
        await gil.page.keyboard.press(key)
    await gil.page.keyboard.press("Shift+F10")
    await expect(gil.page.get_by_role("menuitem")).to_have_text([re.compile("Download")])
    async with gil.page.expect_download() as download:
        await gil.page.keyboard.press("Enter")
    assert (await download.value).suggested_filename == "util.py"
    await ada.row("util.py").focus()
    await ada.page.keyboard.press("Delete")
    await expect(gil.page.get_by_role("main")).to_contain_text("An editor of this session")


async def test_palette_finds_files_and_their_commands(person: NewPerson) -> None:
    """Commands go to a file by its name, create one, and rename and delete the shown one."""
    ada = await person()
    await ada.open_new("Palette")

    async def command(words: str) -> None:
        await ada.page.keyboard.press("Control+k")
        await ada.page.get_by_label("Find a command").fill(words)
        await ada.page.keyboard.press("Enter")

    await ada.text.focus()
    await command("new file")
    await ada.page.get_by_label("Name of the new file").fill("util.py")
    await ada.page.keyboard.press("Enter")
    await command("go to main")
    await expect(ada.text).to_be_focused()
    await command("go to util")
    await command("rename util")
    await ada.page.get_by_label("New name of util.py").fill("tool.py")
    await ada.page.keyboard.press("Enter")
    await expect(ada.row("tool.py")).to_be_focused()
    await command("delete tool")
    await expect(ada.row("tool.py")).to_have_count(0)
