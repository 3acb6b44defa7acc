"""Tests that a restore brings back names and deleted files.

The editors use real Yjs, and the tests run with both stores.
"""

from pathlib import Path

import pytest

from tests.api import Api
from tests.interop.apps_world import World, world

BEGIN = """
const files = doc.getMap('files')
doc.transact(() => {
  files.set('f-1', { name: 'a.py', order: 1, colour: 'red' })
  files.set('f-2', { name: 'b.py', order: 2 })
  files.set('f-3', { name: 'old.py', order: 3, deleted: true })
  for (const root of ['codemirror', 'f-1', 'f-2', 'f-3']) doc.getText(root).insert(0, root)
})"""
CHANGE = """
const files = doc.getMap('files')
doc.transact(() => {
  files.set('codemirror', { name: 'start.py', order: 9 })
  files.set('f-1', { name: 'src/renamed.py', order: 4, colour: 'red' })
  files.set('f-2', { name: 'b.py', order: 2, deleted: true })
  files.set('f-3', { name: 'old.py', order: 3 })
  files.set('f-4', { name: 'late.py', order: 5 })
  doc.getText('f-1').insert(0, 'changed ')
  doc.getText('f-4').insert(0, 'late text')
  doc.getText('rootonly').insert(0, 'of a stock client')
})"""
COUNT = "doc.updates = 0; doc.on('update', () => { doc.updates += 1 })"
TABLE = "return doc.getMap('files').toJSON()"
ROOTS = {"files": "map", "codemirror": "text", "f-1": "text", "f-2": "text", "f-4": "text"}
AS_BEFORE = {
    "f-1": {"name": "a.py", "order": 1, "colour": "red"},
    "f-2": {"name": "b.py", "order": 2},
    "f-3": {"name": "old.py", "order": 3, "deleted": True},
    "f-4": {"name": "late.py", "order": 5, "deleted": True},
    "rootonly": {"name": "rootonly", "deleted": True},
}


@pytest.fixture(params=["sqlite", "mongodb"])
def stored(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """Settings that choose a store."""
    if request.param == "sqlite":
        return {}
    mongo_uri: str = request.getfixturevalue("mongo_uri")
    return {"MONGO_URI": f"{mongo_uri}{tmp_path.name}"}


async def listed(api: Api, session_id: str) -> list[str]:
    answer = await api.get(f"/code/{session_id}/files")
    return [file["name"] for file in answer.body["files"]]


async def changed_session(room: World, ada: Api) -> str:
    """Return a session with version 1, and later names, deletions and files that are unsaved."""
    session_id = await ada.new_session(language="python")
    for name in ("ada", "bob"):
        await room.connect(name, ada, session_id)
    await room.run("ada", BEGIN)
    await room.until_run("bob", "return doc.getMap('files').size", 3)
    assert (await ada.post(f"/code/{session_id}/save")).status == 201
    await room.run("ada", CHANGE)
    await room.until_run("bob", "return doc.getText('rootonly').length", 17)
    return session_id


async def test_restore_brings_back_names_and_deleted_files_by_one_edit(
    tmp_path: Path, stored: dict[str, str]
) -> None:
    """The files are listed as in the version. Another restore undoes this."""
    async with world(tmp_path / "data", **stored) as room:
        ada = await room.user("ada")
        session_id = await changed_session(room, ada)
        later = await listed(ada, session_id)
        await room.run("bob", COUNT)

        answer = await ada.post(f"/code/{session_id}/restore", {"version": 1})

        assert (answer.status, answer.body["version"]) == (201, 3)
        assert answer.body["notRestored"] == []
        await room.until_run("bob", TABLE, AS_BEFORE)
        await room.until_run("bob", "return doc.getText('f-1').toString()", "f-1")
        assert await room.run("bob", "return doc.updates") == 1
        assert await room.until_equal(ROOTS, "ada", "bob") is None
        assert await listed(ada, session_id) == ["main.py", "a.py", "b.py"]

        assert (await ada.post(f"/code/{session_id}/restore", {"version": 2})).status == 201
        assert await listed(ada, session_id) == later
        await room.until_run("bob", "return doc.getText('f-4').toString()", "late text")


async def test_restored_names_stay_after_restart_and_for_new_editors(
    tmp_path: Path, stored: dict[str, str]
) -> None:
    async with world(tmp_path / "data", **stored) as room:
        ada = await room.user("ada")
        session_id = await changed_session(room, ada)
        await ada.post(f"/code/{session_id}/restore", {"version": 1})
        await room.restart()
        await room.connect("late", ada, session_id)

        assert await room.run("late", TABLE) == AS_BEFORE
        assert await room.until_equal(ROOTS, "ada", "bob", "late") is None


async def test_restore_of_one_deleted_file_lists_it_under_its_present_name(tmp_path: Path) -> None:
    """Only its text and its deletion change. Other files stay as they are."""
    async with world(tmp_path / "data") as room:
        ada = await room.user("ada")
        session_id = await changed_session(room, ada)
        before = await room.run("bob", TABLE)
        await room.run("ada", "doc.getText('f-2').delete(0, 3)")
        await room.until_run("bob", "return doc.getText('f-2').length", 0)

        for root in ("f-1", "f-2"):
            body = {"version": 1, "root": root}
            assert (await ada.post(f"/code/{session_id}/restore", body)).status == 201

        await room.until_run("bob", "return doc.getText('f-2').toString()", "f-2")
        await room.until_run("bob", "return doc.getText('f-1').toString()", "f-1")
        expected = {**before, "f-2": {"name": "b.py", "order": 2}}
        await room.until_run("bob", TABLE, expected)
