"""A session's log, read again."""

import pytest

from storage.errors import NotFound
from tests.crdt.harness import NOW, Typist, join, send
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
    texts = [(await typed.history_reader.moment("one", sequence))[0]["codemirror"] for sequence in range(4)]

    assert texts == ["", "a", "ab", "abc"]


async def test_files_at_unknown_moment_are_not_found(typed: World) -> None:
    with pytest.raises(NotFound):
        await typed.history_reader.moment("one", 4)


async def test_timeline_goes_on_where_it_ended(typed: World) -> None:
    """The log is not read from its beginning twice."""
    first = await typed.history_reader.timeline("one")
    count = first.sequence
    async with typed.rooms.use("one") as room:
        room.edit("bob", {room.main_root: "abcd"}, typed.now)
    again = await typed.history_reader.timeline("one")

    assert (count, again.sequence) == (3, 4)
    assert again is first


@pytest.mark.parametrize("is_compacted", [False, True])
@pytest.mark.parametrize("page", [1, 2, 5, 20])
async def test_replay_in_pages_never_goes_back_whatever_the_clock_did(
    world: World, page: int, is_compacted: bool
) -> None:
    """Also where pages are asked for one by one, in any order, with nothing kept of those before."""
    hours = [0, 1, -1, 0.5, -9_000, 2, 1.5, 9_000, 3, 3.1]
    await world.session()
    typist = Typist(5)
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        for hour in hours:
            world.now = NOW + round(hour * 3_600_000)
            send(room, ada, typist.insert(0, "x"), world.now)
            await world.rooms.writer.saved(room, room.journal.sequence)
        if is_compacted:
            await world.rooms.compactor.checkpoint_now(room)
    pages = []
    for start in range(0, len(hours), page):
        world.history_reader.forget("one")
        pages.append((await world.history_reader.replay("one", start, start + page)).steps)
    following = (await world.history_reader.replay("one", 5, 10)).steps

    times = [step.at - NOW for steps in pages for step in steps]
    assert times == [round(hour * 3_600_000) for hour in (0, 1, 1, 1, 1, 2, 2, 9_000, 9_000, 9_000)]
    assert [step.at - NOW for step in following] == times[5:]


async def test_replay_returns_files_and_steps_behind_them(typed: World) -> None:
    replayed = await typed.history_reader.replay("one", 1, 2)

    assert replayed.files == {"codemirror": "a"}
    assert [step.edits for step in replayed.steps] == [[("codemirror", 1, 0, "b")]]
    assert replayed.next == 2
    assert replayed.others == []


async def test_replay_to_the_end_has_nothing_following(typed: World) -> None:
    replayed = await typed.history_reader.replay("one", 0, 100)

    assert (len(replayed.steps), replayed.next) == (3, None)
    with pytest.raises(NotFound):
        await typed.history_reader.replay("one", 9, 10)


async def test_blame_of_unknown_root_is_not_found(typed: World) -> None:
    root, sequence, blame = await typed.history_reader.blame("one", None)

    assert (root, sequence, [line.author for line in blame.lines]) == ("codemirror", 3, ["ada"])
    with pytest.raises(NotFound):
        await typed.history_reader.blame("one", "nothing")
