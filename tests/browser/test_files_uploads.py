"""Tests of uploading files of the user's computer, and of the list of files on a phone."""

import io
import zipfile

from playwright.async_api import FilePayload, expect

from tests.browser.conftest import NewPerson, Someone

_DROP = """([selector, files]) => {
    const data = new DataTransfer()
    for (const [name, text] of files) data.items.add(new File([text], name))
    const at = document.querySelector(selector)
    for (const kind of ["dragover", "drop"])
        at.dispatchEvent(new DragEvent(kind, {bubbles: true, cancelable: true, dataTransfer: data}))
}"""
"""A script that drops files on an element, as the browser would do."""


def zipped(files: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()


async def pick(person: Someone, files: dict[str, bytes]) -> None:
    """Choose files by the button above the list."""
    async with person.page.expect_file_chooser() as chooser:
        await person.button("Upload files").click()
    await (await chooser.value).set_files(
        [
            FilePayload(name=name, mimeType="application/octet-stream", buffer=content)
            for name, content in files.items()
        ]
    )


async def test_zip_file_is_unpacked_and_refusals_are_explained(person: NewPerson) -> None:
    """Each text in a zip file becomes a file of the session.

    Every refused file is listed with the reason.
    """
    ada, gil = await person(), await person()
    await ada.open_new("Upload")
    await ada.let_in(gil, "Gil")
    inside = {
        "app/one.py": b"print(1)\r\n",
        "app/.DS_Store": b"\0",
        "app/logo.png": b"\x89PNG\0",
        "../out.py": b"x",
        "app/large.txt": b"x" * (1 << 20),
    }
    await pick(ada, {"app.zip": zipped(inside), "main.js": b"second", "broken.zip": b"no"})

    report = ada.page.get_by_role("region", name="Uploaded files")
    await expect(report).to_contain_text("2 files added, 4 refused.")
    for name, why in (
        ("app/logo.png", "It is not a text file in UTF-8."),
        ("../out.py", "A part of a name cannot be . or .."),
        ("app/large.txt", "With it, the text would be larger than 1 MiB."),
        ("broken.zip", "This zip file cannot be read."),
    ):
        await expect(report.get_by_role("listitem").filter(has_text=name)).to_contain_text(why)
    await ada.check_access()
    await expect(ada.text).to_contain_text("print(1)")
    await gil.row("one.py").click()
    await expect(gil.text.locator(".cm-line")).to_have_text(["print(1)", ""])
    await gil.row("main 2.js").click()
    await expect(gil.text).to_have_text("second")
    await ada.button("OK").click()
    await expect(report).to_have_count(0)
    await ada.until_saved()


async def test_files_are_dropped_into_folders(person: NewPerson) -> None:
    """A file that is dropped on a folder goes into it."""
    ada = await person()
    await ada.open_new("Drop")
    await ada.button("Add a file").click()
    await ada.page.get_by_label("Name of the new file").fill("src/a.py")
    await ada.page.keyboard.press("Enter")
    await expect(ada.row("src")).to_be_visible()
    await ada.page.evaluate(_DROP, ['.tree-row[aria-label="src"]', [["b.py", "dropped"]]])
    await expect(ada.row("b.py")).to_have_attribute("title", "src/b.py")
    await expect(ada.text).to_have_text("dropped")


async def test_phone_has_files_in_a_sheet(person: NewPerson) -> None:
    """The button "Files" opens the list of files, and choosing a file closes the list."""
    ada = await person(viewport={"width": 390, "height": 844}, has_touch=True)
    await ada.open_new("Phone")
    await expect(ada.page.get_by_role("tree")).to_have_count(0)
    files = ada.page.get_by_role("group", name="Panels").get_by_role("button", name="Files")
    await files.tap()
    await ada.button("Close the files").press("Escape")
    await expect(ada.page.get_by_role("tree")).to_have_count(0)
    await files.tap()
    await ada.button("New file").tap()
    await ada.page.get_by_label("Name of the new file").press("Escape")
    await expect(ada.page.get_by_role("tree")).to_be_visible()
    await ada.button("New file").tap()
    await ada.page.get_by_label("Name of the new file").fill("src/phone.py")
    await ada.page.keyboard.press("Enter")
    await expect(ada.text).to_be_focused()
    await files.tap()
    await ada.row("main.js").press("Escape")
    await expect(ada.page.get_by_role("tree")).to_have_count(0)
    await files.tap()
    await ada.row("main.js").tap()
    await expect(ada.page.get_by_role("tree")).to_have_count(0)
    await expect(ada.page.get_by_role("tab", name="main.js")).to_have_attribute(
        "aria-selected", "true"
    )
    await files.tap()
    await ada.button("Actions for phone.py").tap()
    await ada.check_access()
    await ada.page.get_by_role("menuitem", name="Delete").tap()
    await expect(ada.row("phone.py")).to_have_count(0)
    assert await ada.page.evaluate("document.documentElement.scrollWidth") <= 390
