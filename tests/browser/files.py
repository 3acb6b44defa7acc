"""Actions in a session, for tests of the list of files."""

from playwright.async_api import expect

from tests.browser.conftest import NewPerson, Someone


async def two(person: NewPerson, role: str = "editor") -> tuple[Someone, Someone, str]:
    """Return the owner of a new session, a guest in it, and the session's id."""
    ada, gil = await person(), await person()
    session_id = await ada.open_new("Files")
    await ada.let_in(gil, "Gil", role)
    return ada, gil, session_id


async def add(person: Someone, name: str) -> None:
    """Add a file by the field next to the tabs."""
    await person.button("Add a file").click()
    await person.page.get_by_label("Name of the new file").fill(name)
    await person.page.keyboard.press("Enter")
    await expect(person.row(name.rpartition("/")[2]).first).to_be_visible()


async def rename(person: Someone, row: str, name: str) -> None:
    """Rename a row of the list by its menu."""
    await person.row(row).click(button="right")
    await person.page.get_by_role("menuitem", name="Rename or move…").click()
    await person.page.get_by_label(f"New name of {row}").fill(name)
    await person.page.keyboard.press("Enter")


async def rows(person: Someone) -> list[str]:
    return [
        await row.get_attribute("aria-label") or ""
        for row in await person.page.get_by_role("treeitem").all()
    ]
