"""Tests of automatic versions."""

from storage.records import VersionKind
from tests.crdt.harness import Typist, join, raise_damaged, send
from tests.crdt.world import World
from tests.waiting import until


async def test_save_if_due_after_a_pause_stores_a_version(world: World) -> None:
    """A version is stored when typing pauses, or after five minutes of typing.

    The oldest versions are deleted when there are too many.
    """
    await world.session()
    typist = Typist(5)
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        for number in range(5):
            send(room, ada, typist.insert(0, str(number)), world.now)
            await world.version_writer.save_if_due(room)
            assert room.contributions.since_version
            world.now += 30_000
            await world.version_writer.save_if_due(room)
            assert room.contributions.since_version == {}
        versions = await world.store.versions("one", None, 10, with_files=True)
        assert [(v.number, v.kind, v.author_id) for v in versions] == [
            (n, VersionKind.AUTO, "ada") for n in (5, 4, 3)
        ]
        manual, _ = await world.versions.save("one", "ada", "Ada")
        assert (manual.number, manual.kind) == (5, VersionKind.AUTO)


async def test_save_if_due_during_steady_typing_stores_a_version(world: World) -> None:
    """A session in which typing never pauses still gets a version after five minutes."""
    await world.session()
    typist = Typist(5)
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        for _ in range(31):
            send(room, ada, typist.insert(0, "x"), world.now)
            world.now += 10_000
        await until(lambda: world.store.newest_version("one"), bool)


async def test_save_if_due_of_a_damaged_document_stores_nothing(
    world: World, expect_log, monkeypatch
) -> None:
    """A document whose text cannot be read is logged once, not every second."""
    expect_log("gets no automatic version")
    await world.session()
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        send(room, ada, Typist(5).insert(0, "x"))
        monkeypatch.setattr(type(room), "files", raise_damaged)
        world.now += 60_000

        await world.version_writer.save_if_due(room)

        assert room.contributions.since_version == {}
    monkeypatch.undo()
