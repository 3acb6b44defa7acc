"""Tests of the assembly, which connects rooms, history and maintenance."""

from crdt.assembly import assemble
from crdt.history.cache import Folded
from crdt.history.version_writer import VersionSettings
from crdt.lifecycle.environment import Environment
from crdt.limits import RoomsSettings
from storage.records import VersionKind
from tests.crdt.harness import NOW, Typist, join, send
from tests.crdt.world import World
from tests.waiting import until


async def test_assembled_rooms_clear_the_readers_cache(world: World) -> None:
    """After a session's deletion the reader's cache has nothing of that session."""
    parts = assemble(
        world.store,
        RoomsSettings(),
        VersionSettings(),
        Environment(
            clock=lambda: NOW, random_below=lambda _: 77, fill_changed=lambda _session_id: None
        ),
    )
    parts.history_reader.cache.keep_timeline("one", Folded(1, b"folded"), 0)
    changes = parts.rooms.changes.count

    parts.rooms.changes.session_deleted("one")

    assert "one" not in parts.history_reader.cache
    assert parts.rooms.changes.count == changes + 1


async def test_assembled_maintenance_makes_automatic_versions(world: World) -> None:
    """Automatic versions are made without a request."""
    await world.session()
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        send(room, ada, Typist(5).insert(0, "a"))
        world.now += 600_000

        await until(lambda: not room.contributions.since_version)

    version = await world.store.newest_version("one")
    assert (version.kind, version.files) == (VersionKind.AUTO, {"codemirror": "a"})
