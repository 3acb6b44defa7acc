"""What a document held at one moment."""

import pycrdt

from crdt.history.snapshot import Snapshot
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
