"""Tests of the history reader, which reads a session's log again."""

import asyncio
from collections.abc import Callable
from typing import Any

import pycrdt
import pytest

from crdt.errors import NoText
from crdt.history import reader
from crdt.history.cache import Answer
from crdt.history.playback import replay
from crdt.history.playback.replay import Part, Replayed, Step
from storage.errors import NotFound
from tests.crdt.harness import NOW, Typist, join, send
from tests.crdt.world import World
from tests.waiting import until


def same(shown: Any) -> Any:
    """Return the found value unchanged."""
    return shown


def described(replayed: Replayed) -> Answer:
    """Return an answer with the texts at the start, and the edits."""
    return Answer(
        f"{replayed.files} {[tuple(edit) for step in replayed.steps for edit in step.edits]}", {}
    )


async def steps_of(world: World, start: int, end: int) -> list[Step]:
    """Return the steps of a part of the log."""
    replayed, _ = await world.history_reader.replay("one", "ada", start, same)
    return replayed.steps[: end - start]


async def answers(world: World) -> list[Any]:
    """Ask each kind of question once, and return the answers."""
    reading = world.history_reader
    return [
        await reading.page("one", "ada", Part(0, 3), described),
        await reading.moment("one", "ada", 2, same),
        await reading.blame("one", "ada", None, same),
        (await reading.timeline("one", "ada", same)).stretches,
    ]


@pytest.fixture
async def typed(world: World) -> World:
    """A session in which a user typed "abc", with one character per update."""
    await world.session()
    typist = Typist(5)
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        for at, character in enumerate("abc"):
            send(room, ada, typist.insert(at, character), world.now + at)
    return world


async def test_files_at_each_moment_are_as_they_were(typed: World) -> None:
    """Sequence 0 is the moment before the first update."""
    texts = [
        (await typed.history_reader.moment("one", "ada", sequence, same)).files["codemirror"]
        for sequence in range(4)
    ]

    assert texts == ["", "a", "ab", "abc"]


async def test_files_at_unknown_moment_are_not_found(typed: World) -> None:
    with pytest.raises(NotFound):
        await typed.history_reader.moment("one", "ada", 4, same)


async def test_second_timeline_reads_only_the_new_part_of_the_log(typed: World) -> None:
    """A second timeline reads only the part of the log that is new."""
    await typed.history_reader.timeline("one", "ada", same)
    folded = typed.history_reader.cache.timeline("one")
    async with typed.rooms.use("one") as room:
        room.edit("bob", {room.main_root: "abcd"}, typed.now)
    typed.store.calls.clear()
    again = await typed.history_reader.timeline("one", "ada", same)

    assert (folded.sequence, again.sequence) == (3, 4)
    assert [stretch.author for stretch in again.stretches] == ["ada", "bob"]
    assert typed.store.asked["chunks"][-1][:2] == ("one", 3)


@pytest.mark.parametrize("is_compacted", [False, True])
@pytest.mark.parametrize("page", [1, 2, 5, 20])
async def test_replay_in_pages_never_goes_back_with_the_clock(
    world: World, page: int, is_compacted: bool
) -> None:
    """Times never go back, even when pages are requested in any order and without a cache."""
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
        pages.append(await steps_of(world, start, start + page))
    following = await steps_of(world, 5, 10)

    times = [step.at - NOW for steps in pages for step in steps]
    assert times == [round(hour * 3_600_000) for hour in (0, 1, 1, 1, 1, 2, 2, 9_000, 9_000, 9_000)]
    assert [step.at - NOW for step in following] == times[5:]


async def test_page_has_the_edits_of_its_part_of_the_log(typed: World) -> None:
    page, last = await typed.history_reader.page("one", "ada", Part(1, 2), described)

    assert (page.answer.text, page.steps, last) == (
        "{'codemirror': 'a'} [('codemirror', 1, 0, 'b')]",
        1,
        3,
    )


async def test_page_to_the_end_has_all_steps_and_later_page_has_none(typed: World) -> None:
    page, last = await typed.history_reader.page("one", "ada", Part(0, 100), described)

    assert (page.steps, last) == (3, 3)
    with pytest.raises(NotFound):
        await typed.history_reader.page("one", "ada", Part(9, 10), described)


async def test_page_is_cached_until_the_log_is_changed(
    typed: World,
) -> None:
    first = await typed.history_reader.page("one", "ada", Part(0, 3), described)
    typed.store.calls.clear()
    again = await typed.history_reader.page("one", "bob", Part(0, 3), described)
    reads = typed.store.calls.count("chunks")
    typed.history_reader.forget("one")
    fresh = await typed.history_reader.page("one", "ada", Part(0, 3), described)

    assert (again[0] is first[0], reads) == (True, 0)
    assert (fresh[0] is first[0], fresh) == (False, first)


async def test_page_is_not_cached_if_the_log_changed_meanwhile(typed: World) -> None:
    """A page is not kept if a redaction ended while the page was made.

    The page may still have the text that the redaction removed.
    """
    typed.store.calls.clear()
    typed.store.held["chunks"] = asyncio.Event()
    asked = asyncio.create_task(typed.history_reader.page("one", "ada", Part(0, 3), described))
    await until(lambda: "chunks" in typed.store.calls)
    typed.history_reader.forget("one")
    typed.store.held["chunks"].set()
    await asked

    assert "one" not in typed.history_reader.cache


async def test_questions_of_one_user_wait_only_for_each_other(
    typed: World,
) -> None:
    """Questions of one user are answered in turn, and another user does not wait for them."""
    typed.store.calls.clear()
    typed.store.held["chunks"] = asyncio.Event()
    slow = [
        asyncio.create_task(typed.history_reader.page("one", "ada", Part(0, n), described))
        for n in (1, 2, 3)
    ]
    await until(lambda: "chunks" in typed.store.calls)
    held = typed.store.held.pop("chunks")
    page, _ = await typed.history_reader.page("one", "bob", Part(0, 2), described)
    reads = typed.store.calls.count("chunks")

    assert (page.steps, reads, [task.done() for task in slow]) == (2, 2, [False, False, False])
    held.set()
    assert [(await task)[0].steps for task in slow] == [1, 2, 3]


async def test_long_answers_are_made_in_worker_processes(
    typed: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Short answers are made in this process, and they equal the answers of a worker process."""
    typed.history_reader.forget("one")
    short = await answers(typed)
    jobs = typed.workers.counts["done"]
    monkeypatch.setattr(reader, "FEW_BYTES", -1)
    typed.history_reader.forget("one")
    long = await answers(typed)

    assert (long, jobs, typed.workers.counts["done"]) == (short, 0, len(long))


async def test_pages_of_replay_lead_to_the_end(
    typed: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay, "MAX_EDITS", 0)
    start: int | None = 0
    played = []
    while start is not None:
        replayed, start = await typed.history_reader.replay("one", "ada", start, same)
        played += [step.edits for step in replayed.steps]

    assert played == [[("codemirror", at, 0, "abc"[at])] for at in range(3)]


async def test_blame_of_unknown_root_is_not_found(typed: World) -> None:
    root, sequence, blame = await typed.history_reader.blame("one", "ada", None, same)

    assert (root, sequence, [line.author for line in blame.lines]) == ("codemirror", 3, ["ada"])
    with pytest.raises(NotFound):
        await typed.history_reader.blame("one", "ada", "nothing", same)


async def test_blame_of_root_that_is_no_text_is_refused_in_any_process(
    typed: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    typist = Typist(6)
    typist.doc["list"] = pycrdt.Array([1.0])
    async with typed.rooms.use("one") as room:
        ada, _ = join(room)
        send(room, ada, bytes(typist.doc.get_update()), typed.now)
    for few in (reader.FEW_BYTES, -1):
        monkeypatch.setattr(reader, "FEW_BYTES", few)
        with pytest.raises(NoText) as raised:
            await typed.history_reader.blame("one", "ada", "list", same)
        assert raised.value.roots == {"list": "array"}


async def test_questions_about_the_past_do_not_load_a_closed_room(
    make_world: Callable[..., World],
) -> None:
    """Answers about the past need only the log."""
    world = make_world()
    await world.session()
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        send(room, ada, Typist(5).insert(0, "abc"), world.now)
    again = await world.restarted()

    page, last = await again.history_reader.page("one", "ada", Part(0, 9), described)
    moment = await again.history_reader.moment("one", "ada", 1, same)
    timeline = await again.history_reader.timeline("one", "ada", same)

    assert (page.steps, last, moment.files, timeline.sequence) == (1, 1, {"codemirror": "abc"}, 1)
    assert again.rooms.loaded == 0
    with pytest.raises(NotFound):
        await again.history_reader.timeline("other", "ada", same)
    await again.rooms.drain(0.5)
    await again.workers.close()
