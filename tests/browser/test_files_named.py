"""Tests of file names: of the main file, in old sessions, in versions, and refused names."""

from pathlib import Path

from playwright.async_api import expect

from tests.api import Api
from tests.browser.conftest import NewPerson
from tests.browser.files import add, rename, two
from tests.handlers.clients import joined, texts_frame
from tests.handlers.naming_editor import Editor
from tests.node_peers import Peers, connect


async def test_main_file_is_renamed_and_deleted_like_others(person: NewPerson) -> None:
    """A new name changes the colours of the main file, and nothing in it.

    If it is deleted, newcomers begin with another file.
    """
    ada, gil, _ = await two(person)
    await ada.type("def f(): pass")
    await rename(ada, "main.js", "app.py")
    await expect(gil.page.get_by_role("tab", name="app.py")).to_be_visible()
    await expect(gil.text).to_have_text("def f(): pass")
    await expect(gil.text.get_by_text("def", exact=True)).to_have_count(1)
    await add(ada, "other.py")
    await ada.row("app.py").focus()
    await ada.page.keyboard.press("Delete")
    await ada.until_saved()
    late = await person()
    await ada.let_in(late, "Lea")
    await expect(late.page.get_by_role("tab")).to_have_text(["other.py"])


async def test_invalid_name_is_refused_next_to_its_field(person: NewPerson) -> None:
    """The message says what is wrong while the name is typed, and nothing is created."""
    ada = await person()
    await ada.open_new("Names")
    await add(ada, "src/a.py")
    await ada.button("Add a file").click()
    field = ada.page.get_by_label("Name of the new file")
    for name, why in (
        ("SRC/A.PY", "There is already a file src/a.py."),
        ("src", "There is already a folder src."),
        ("main.js/x", "main.js is a file, so it cannot be a folder."),
        ("../x", "A part of a name cannot be . or .."),
        ("a\\b", "Use / for folders: a name has no backslash."),
    ):
        await field.fill(name)
        await expect(field).to_have_attribute("aria-invalid", "true")
        await expect(ada.page.get_by_role("alert").get_by_text(why, exact=True)).to_be_visible()
        await field.press("Enter")
        await expect(field).to_be_focused()
    await ada.check_access()
    await field.press("Escape")
    await expect(ada.page.get_by_role("treeitem")).to_have_count(3)


async def test_old_sessions_show_roots_of_stock_editors_as_files(
    person: NewPerson, api: Api, peers: Peers
) -> None:
    """A root text without an entry is a file of its name, and can be renamed for all."""
    ada = await person()
    session_id = await ada.open_new("Old", name="ada", access="link")
    bob = await api.sign_up("bob")
    await bob.post(f"/session/{session_id}/join")
    wire = await joined(bob, session_id)
    await wire.send(texts_frame({"src/old.py": "old text"}))
    await connect(peers, bob, session_id, "bob")
    await peers.do("scene", "bob", scene="cells", text="first")

    await expect(ada.row("cells not a text file")).to_be_visible()
    await rename(ada, "old.py", "new.py")
    await ada.row("new.py").click()
    await expect(ada.text).to_have_text("old text")
    await ada.row("cells not a text file").click(button="right")
    await expect(ada.page.get_by_role("menuitem")).to_have_count(0)
    await ada.until_saved()
    wire.close()


async def test_map_that_has_a_name_in_the_table_can_be_renamed(
    person: NewPerson, api: Api, peers: Peers
) -> None:
    """The menu of such a map only has "Rename or move", because its app decides the rest."""
    ada = await person()
    session_id = await ada.open_new("Board", access="link")
    bob = await api.sign_up("bob")
    await bob.post(f"/session/{session_id}/join")
    await connect(peers, bob, session_id, "bob")
    await peers.do("scene", "bob", scene="cells", text="first")
    wire = await joined(bob, session_id)
    editor = Editor(bob, session_id, wire)
    editor.name("cells", "board", 5)
    await editor.send()

    await ada.row("board not a text file").click(button="right")
    await expect(ada.page.get_by_role("menuitem")).to_have_text(["Rename or move…F2"])
    await ada.page.get_by_role("menuitem").click()
    await ada.page.get_by_label("New name of board").fill("plans/board")
    await ada.page.keyboard.press("Enter")

    await expect(ada.row("plans")).to_be_visible()
    await ada.until_saved()
    listed = (await bob.get(f"/code/{session_id}/files")).body["files"]
    assert [file["name"] for file in listed if file["root"] == "cells"] == ["plans/board"]
    wire.close()


async def test_versions_and_replay_name_files_by_the_table(
    person: NewPerson, tmp_path: Path
) -> None:
    """A version shows the former name of a renamed file, and replays show the present name.

    An exported replay also shows the former name at earlier moments.
    """
    ada = await person()
    session_id = await ada.open_new("Renamed")
    await add(ada, "old.py")
    await ada.type("first")
    await ada.until_saved()
    await ada.save("before")
    await rename(ada, "old.py", "lib/new.py")
    await ada.type(" second")
    await ada.until_saved()
    await ada.save("after")

    await ada.go(f"/s/{session_id}/versions")
    await expect(ada.page.get_by_role("region", name="lib/new.py")).to_contain_text(
        "renamed from old.py"
    )
    await ada.go(f"/s/{session_id}/replay")
    await ada.page.get_by_label("File").select_option(label="lib/new.py")
    await expect(ada.page.get_by_test_id("replay-text").locator(".cm-content")).to_contain_text(
        "first"
    )
    exported = await ada.page.evaluate(
        "id => fetch(`/code/${id}/export?format=replay`).then(answer => answer.text())", session_id
    )
    (tmp_path / "session.html").write_text(exported)
    await ada.page.goto((tmp_path / "session.html").as_uri())
    files = ada.page.get_by_label("File")
    await expect(files).to_contain_text("lib/new.py")
    await expect(files).not_to_contain_text("old.py")
    await ada.page.get_by_label("Go to").select_option("before")
    await expect(files).to_contain_text("old.py")
    await expect(files).not_to_contain_text("lib/new.py")
