"""A session's log, read again."""

import pytest

from storage.errors import NotFound
from tests.crdt.harness import Typist, join, send
from tests.crdt.world import World


@pytest.fixture
async def typed(world: World) -> World:
    """A session in which "abc" was typed, a character an update."""
    await world.session()
    typist = Typist(5)
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        for at, character in enumerate("abc"):
            send(room, ada, typist.insert(at, character), world.now + at)
    return world


async def test_files_at_each_moment_are_as_they_were(typed: World) -> None:
    """0 is before the first update."""
    texts = [(await typed.history_reader.files("one", sequence))[0]["codemirror"] for sequence in range(4)]

    assert texts == ["", "a", "ab", "abc"]


async def test_files_at_unknown_moment_are_not_found(typed: World) -> None:
    with pytest.raises(NotFound):
        await typed.history_reader.files("one", 4)


async def test_timeline_goes_on_where_it_ended(typed: World) -> None:
    """The log is not read from its beginning twice."""
    first = await typed.history_reader.timeline("one")
    count = first.sequence
    async with typed.rooms.use("one") as room:
        room.edit_text("bob", "abcd", typed.now)
    again = await typed.history_reader.timeline("one")

    assert (count, again.sequence) == (3, 4)
    assert again is first


async def test_replay_returns_files_and_steps_behind_them(typed: World) -> None:
    files, steps, following = await typed.history_reader.replay("one", 1, 2)

    assert files == {"codemirror": "a"}
    assert [step.edits for step in steps] == [[("codemirror", 1, 0, "b")]]
    assert following == 2


async def test_replay_to_the_end_has_nothing_following(typed: World) -> None:
    _, steps, following = await typed.history_reader.replay("one", 0, 100)

    assert (len(steps), following) == (3, None)
    with pytest.raises(NotFound):
        await typed.history_reader.replay("one", 9, 10)


async def test_blame_of_unknown_root_is_not_found(typed: World) -> None:
    root, sequence, blame = await typed.history_reader.blame("one", None)

    assert (root, sequence, [line.author for line in blame.lines]) == ("codemirror", 3, ["ada"])
    with pytest.raises(NotFound):
        await typed.history_reader.blame("one", "nothing")
