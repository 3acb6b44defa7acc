"""Tests of versions that users save."""

import asyncio

from crdt.history.version_writer import VersionSettings
from tests.crdt.harness import Typist, join, send
from tests.crdt.world import World, save


async def test_save_numbers_versions_and_skips_equal_ones(world: World) -> None:
    """A version has the text, a number, and the users that edited since the version before.

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
