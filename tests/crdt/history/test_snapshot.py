"""Tests of snapshots, which keep the content of a document at one moment."""

import pycrdt
import pytest

import crdt.history.snapshot as snapshots
from crdt.history.snapshot import Snapshot
from crdt.reading.file_table import File
from tests.crdt.harness import Typist, join, send
from tests.crdt.world import World


async def test_snapshot_read_after_edits_has_the_old_content(world: World) -> None:
    """Edits between the moment of a snapshot and its reading do not change it."""
    await world.session()
    typist = Typist(5)
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        send(room, ada, typist.insert(0, "text"), world.now)
        plain = Snapshot(room)
        before = typist.doc.get_state()
        typist.doc["tree"] = pycrdt.Map({"a": pycrdt.Text("in a map")})
        send(room, ada, bytes(typist.doc.get_update(before)), world.now)
        snapshot = Snapshot(room)
        before = typist.doc.get_state()
        typist.doc["tree"]["b"] = 1.0
        send(room, ada, bytes(typist.doc.get_update(before)), world.now)

        assert await plain.read(world.workers, "ada") == ({"codemirror": "text"}, {})
        assert snapshot.sequence == 2
        documents = {"tree": {"type": "map", "value": {"a": "in a map"}, "leftOut": None}}
        assert await snapshot.read(world.workers, "ada") == ({"codemirror": "text"}, documents)


@pytest.mark.parametrize("has_others", [False, True])
async def test_snapshot_of_a_large_document_is_read_in_a_worker_process(
    world: World, has_others: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker reads a large document, unless the document is loaded and has only texts.

    The result also has roots of other types, and texts whose names are not in the state.
    """
    for name in ("_FEW_BYTES", "_QUICK_BYTES"):
        monkeypatch.setattr(snapshots, name, -1)
    await world.session()
    typist, gone = Typist(5), Typist(6, "gone")
    if has_others:
        typist.doc["list"] = pycrdt.Array([1.0])
    typist.insert(0, "text")
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        for update in (bytes(typist.doc.get_update()), gone.insert(0, "a"), gone.delete(0, 1)):
            send(room, ada, update, world.now)
        room.integrate_pending()
        loaded, before = (
            await Snapshot(room).read(world.workers, "ada"),
            world.workers.counts["done"],
        )
        room.document.rest()
        resting = await Snapshot(room).read(world.workers, "ada")

    assert loaded == resting
    assert resting.files == {"codemirror": "text", "gone": ""}
    assert list(resting.documents) == (["list"] if has_others else [])
    assert (before, world.workers.counts["done"]) == (int(has_others), int(has_others) + 1)


@pytest.mark.parametrize("has_others", [False, True])
async def test_outline_has_only_lengths_and_types(
    world: World, has_others: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A loaded document has the same outline as one that a worker reads; an emoji has length 2."""
    monkeypatch.setattr(snapshots, "_FEW_BYTES", -1)
    monkeypatch.setattr(snapshots, "_QUICK_BYTES", -1)
    await world.session()
    typist, gone = Typist(5, "notes"), Typist(6, "gone")
    if has_others:
        typist.doc["list"] = pycrdt.Array([1.0, 2.0])
    typist.insert(0, "a\U0001f600")
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        for update in (bytes(typist.doc.get_update()), gone.insert(0, "a"), gone.delete(0, 1)):
            send(room, ada, update, world.now)
        room.integrate_pending()
        loaded = await Snapshot(room).outline(world.workers, "ada", "py")
        room.document.rest()
        resting = await Snapshot(room).outline(world.workers, "ada", "py")

    assert loaded == resting
    assert loaded.texts == {"codemirror": 0, "notes": 3, "gone": 0}
    assert loaded.others == ({"list": ("array", 2)} if has_others else {})
    assert world.workers.counts["done"] == 1 + has_others


async def test_outline_reads_no_text_of_a_plain_document_in_a_worker(world: World) -> None:
    """The outline of a loaded or small document needs no worker process."""
    await world.session()
    typist = Typist(5)
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        send(room, ada, typist.insert(0, "text"), world.now)
        outline = await Snapshot(room).outline(world.workers, "ada", "py")

    assert outline == ({"codemirror": 4}, {}, (File("codemirror", "main.py"),))
    assert world.workers.counts["done"] == 0
