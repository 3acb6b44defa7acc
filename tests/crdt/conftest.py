"""Fixtures for tests of rooms on a real store."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from storage.logins.records import Login
from storage.records import User
from storage.sqlite.store import SqliteStore
from tests.crdt.harness import NOW
from tests.crdt.world import FaultyStore, World
from tests.yjs import Yjs


@pytest.fixture(scope="module")
def yjs() -> Iterator[Yjs]:
    """A process that runs the real Yjs, to show the effect of updates."""
    process = Yjs()
    yield process
    process.stop()


@pytest.fixture
async def make_world(tmp_path: Path) -> AsyncIterator[Callable[..., World]]:
    real = SqliteStore(tmp_path / "collab.db")
    await real.open()
    store = FaultyStore(real)
    user = User("ada", "Ada", None, None, "", None, False, NOW)
    await store.add_user(user, Login("l", "ada", "h", None, 0, NOW, NOW, NOW, NOW, ""))
    made: list[World] = []

    def make(**settings: Any) -> World:
        world = World(store, **settings)
        world.rooms.start()
        made.append(world)
        return world

    yield make
    store.failing.clear()
    for world in made:
        await world.rooms.drain(0.5)
        await world.workers.close()
    await real.close(is_clean=True)


@pytest.fixture
async def world(make_world: Callable[..., World]) -> World:
    return make_world()
