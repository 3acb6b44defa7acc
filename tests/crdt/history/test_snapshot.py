"""What a document held at one moment."""

import pycrdt
import pytest

from crdt.errors import NoText
from crdt.history.snapshot import Snapshot, missing_text
from storage.errors import NotFound
from tests.crdt.harness import Typist, join, send
from tests.crdt.world import World


async def test_snapshot_keeps_what_the_document_was(world: World) -> None:
    """Whatever is edited between the moment and the reading."""
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

        assert await plain.documents(world.workers, "ada") == {}
        assert snapshot.files == {"codemirror": "text"}
        assert snapshot.sequence == 2
        assert await snapshot.documents(world.workers, "ada") == {
            "tree": {"type": "map", "value": {"a": "in a map"}, "leftOut": None}
        }


async def test_missing_text_tells_other_roots_from_none(world: World) -> None:
    """A root that is no text is there, and the error says what it is."""
    await world.session()
    typist = Typist(5)
    typist.doc["list"] = pycrdt.Array([1.0])
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        send(room, ada, bytes(typist.doc.get_update()), world.now)

        error = await missing_text(Snapshot(room), "list", world.workers, "ada")
        with pytest.raises(NoText, match=r"'list' \(array\)"):
            raise error
        assert isinstance(await missing_text(Snapshot(room), "other", world.workers, "ada"), NotFound)
