"""Tests of versions that users save."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pycrdt
import pytest

from crdt.history.snapshot import Snapshot
from crdt.history.version_writer import VersionSettings
from crdt.reading.file_table import TABLE_ROOT
from crdt.room.room import Room
from crdt.workers import Workers
from tests.crdt.harness import Typist, join, send
from tests.crdt.world import World, save
from tests.waiting import until


async def test_save_numbers_versions_and_skips_equal_ones(world: World) -> None:
    """A version has the text, a number, and the users who edited after the version before.

    A save without a change returns the newest version again.
    """
    await world.session()
    first, is_new = await save(world, code="a", label="start")
    again, is_new_again = await save(world)
    async with world.rooms.use("one") as room:
        bob, _ = join(room, "bob")
        send(room, bob, Typist(9).insert(0, "b"))
    second, _ = await save(world)

    assert (first.number, first.files, first.label, is_new) == (
        1,
        {"codemirror": "a"},
        "start",
        True,
    )
    assert (again, is_new_again) == (first, False)
    assert (second.number, second.contributors, second.sequence) == (2, ("bob",), 2)


async def test_save_by_fifty_concurrent_calls_leaves_no_gaps(make_world) -> None:
    """Fifty saves at the same time get numbers without gaps, in any order."""
    world = make_world(versions=VersionSettings())
    await world.session()

    saved = await asyncio.gather(*(save(world, code=f"text {number}") for number in range(50)))

    numbers = sorted({version.number for version, _ in saved})
    assert numbers == list(range(1, len(numbers) + 1))
    live = await world.versions.live("one", "ada")
    assert live.newest is not None
    assert live.files == live.newest.files
    assert live.is_saved


def listed(name: str, *, is_deleted: bool = False) -> dict[str, object]:
    """Return a file's entry in the table."""
    return {"name": name, "deleted": True} if is_deleted else {"name": name}


class Editor:
    """A connected client that writes files and lists them in the table."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._doc: pycrdt.Doc[Any] = pycrdt.Doc(client_id=9)
        self._connection, _ = join(room, "bob")

    def write(self, root: str, text: str, entry: Mapping[str, object]) -> None:
        """Write a file's text, and its entry in the table."""
        before = self._doc.get_state()
        with self._doc.transaction():
            self._doc.get(root, type=pycrdt.Text).insert(0, text)
            self._doc.get(TABLE_ROOT, type=pycrdt.Map)[root] = dict(entry)
        send(self._room, self._connection, self._doc.get_update(before))


async def table(room: Room, workers: Workers) -> object:
    """Return the table of files as JSON."""
    _, documents = await Snapshot(room).read(workers, "ada")
    return documents[TABLE_ROOT]["value"]


@pytest.mark.parametrize(
    ("root", "restored"),
    [
        (None, {"a": listed("a.py"), "b": listed("b.py", is_deleted=True)}),
        ("a", {"a": listed("a.py"), "b": listed("b.py")}),
    ],
)
async def test_restore_lists_files_by_the_table_of_its_turn(
    world: World, root: str | None, restored: object
) -> None:
    """While a restore waits, a client makes one file and deletes another.

    A restore of the whole version then deletes the first file and brings the second one back. A
    restore of one file brings back that file.
    """
    await world.session()
    async with world.rooms.use("one") as room:
        editor = Editor(room)
        editor.write("a", "old", listed("a.py"))
        await save(world)
        editor.write("a", "new ", listed("a.py"))
        held = world.store.held["usage"] = asyncio.Event()
        world.store.calls.clear()

        restoring = asyncio.create_task(world.versions.restore("one", "ada", "Ada", 1, root=root))
        await until(lambda: "usage" in world.store.calls)
        editor.write("b", "made meanwhile", listed("b.py"))
        editor.write("a", "", listed("a.py", is_deleted=True))
        held.set()
        await restoring

        assert await table(room, world.workers) == restored
        assert room.files()["b"] == ("" if root is None else "made meanwhile")
        assert room.files()["a"] == "old"
