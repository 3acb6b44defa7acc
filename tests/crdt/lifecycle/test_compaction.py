"""Checkpoints of rooms on a real store."""

import crdt.log.restore
from crdt.errors import RoomDamaged
from tests.crdt.harness import Typist, join, send
from tests.waiting import until


def _damaged(*_: object) -> None:
    raise RoomDamaged("made up")


async def test_checkpoint_that_cannot_be_verified_is_not_stored(make_world, expect_log, monkeypatch) -> None:
    """No checkpoint is better than a wrong one: the log is kept and the room goes on."""
    expect_log("gets no checkpoint")
    world = make_world(checkpoint_updates=1)
    await world.session()
    monkeypatch.setattr(crdt.log.restore, "verify", _damaged)
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        send(room, ada, Typist(5).insert(0, "x"))
        await until(lambda: room.upkeep.checkpointed_at)
        await world.rooms.compactor.checkpoint(room)

        assert await world.store.checkpoint("one") is None
        assert room.upkeep.checkpointed == 0
    monkeypatch.undo()
