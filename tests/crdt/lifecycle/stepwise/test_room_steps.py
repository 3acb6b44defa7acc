"""Tests of large documents: each pycrdt call on the event loop gets only few structs."""

import asyncio
from collections.abc import Iterator

import pytest

from crdt.document.document import SMALL_BYTES
from crdt.document.integration import _MOST_STRUCTS
from crdt.document.raw_document import RawDocument
from crdt.document.view import NewDocument, View
from crdt.document.work import Work
from crdt.errors import DocumentFull, LimitExceeded, NeedsSteps
from crdt.lifecycle.stepwise.room_steps import RoomSteps
from crdt.limits import MAX_WORK_S, RoomLimits
from crdt.log.restore import restore
from crdt.room.connection import Connection
from crdt.room.incoming import server_edit
from crdt.room.room import Room
from crdt.wire import y_protocol
from crdt.wire.rewriting.slices import count_structs
from crdt.wire.update_parser import parse
from storage.records import Chunk
from tests.crdt.harness import NOW, Typist, join, make_room, room_steps, save, send
from tests.crdt.struct_bytes import placed, text, update_of, value
from tests.fuzz.structure import Section, Update

COUNT = SMALL_BYTES // 4
BEHIND = "e" * COUNT
EMOJI = "\U0001f600"


def unordered() -> bytes:
    """Return an update of many structs.

    They cannot be joined, because each is placed before the previous one.
    """
    structs = [placed(text("e"), parent="codemirror")]
    structs += [placed(text("e"), right=(9, k)) for k in range(COUNT - 1)]
    return update_of(*structs, client=9)


def stored(*updates: bytes) -> list[Chunk]:
    """Return the log of a room that took these updates."""
    room = make_room()
    connection, _ = join(room)
    for update in updates:
        send(room, connection, update)
    return save(room, NOW)


@pytest.fixture(scope="module")
def log() -> list[Chunk]:
    return stored(unordered(), Typist(7, "other").insert(0, "k"))


def typing() -> Typist:
    """Return the typist who typed last in the log. Their next letters are keystrokes."""
    typist = Typist(7, "other")
    typist.insert(0, "k")
    return typist


@pytest.fixture
def room(log: list[Chunk]) -> Room:
    """Return a room that was opened and has no view yet."""
    return make_room(restore(None, log))


@pytest.fixture
def steps() -> RoomSteps:
    return room_steps()


@pytest.fixture(autouse=True)
def slices(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Yield the struct counts of all calls that put structs into a document.

    No call may put in more than `_MOST_STRUCTS` structs.
    """
    sizes: list[int] = []
    apply, integrate = NewDocument.apply, View.integrate

    def counted(self: NewDocument, update: bytes) -> bool:
        sizes.append(count_structs(parse(update)))
        return apply(self, update)

    def integrated(self: View, update: bytes) -> bool:
        sizes.append(count_structs(parse(update)))
        return integrate(self, update)

    monkeypatch.setattr(NewDocument, "apply", counted)
    monkeypatch.setattr(View, "integrate", integrated)
    yield sizes
    assert max(sizes, default=0) <= _MOST_STRUCTS


def no_whole_load(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(View, "load", lambda *_: pytest.fail("it is loaded in one call"))


async def receive(steps: RoomSteps, room: Room, connection: Connection, update: bytes) -> None:
    await steps.receive(room, connection, y_protocol.sync_update(update))


def between(place: int, client: int = 5) -> bytes:
    """Return an update that is no keystroke: two letters, both before one of the document."""
    return update_of(
        placed(text("x"), right=(9, place)), placed(text("y"), right=(9, place)), client=client
    )


async def test_small_update_waits_until_large_document_is_loaded(
    room: Room, steps: RoomSteps, slices: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    no_whole_load(monkeypatch)
    connection, _ = join(room)
    assert room.document.needs_load

    with pytest.raises(NeedsSteps):
        send(room, connection, between(COUNT - 1))
    assert (connection.receipts.received, room.journal.sequence, room.document.is_loaded) == (
        0,
        2,
        False,
    )

    await receive(steps, room, connection, between(COUNT - 1))
    assert (room.journal.sequence, room.document.is_loaded) == (3, True)
    assert len(slices) > COUNT // _MOST_STRUCTS
    assert sorted(room.files()["codemirror"]) == sorted(BEHIND + "xy")


async def test_first_values_of_a_large_document_are_not_taken_in_one_piece(
    room: Room, steps: RoomSteps, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first value has all structs read, which held the loop for 0.13 s: a thread reads them."""
    connection, _ = join(room)
    await steps.load(room)
    update = update_of(placed(value(), parent="list"), client=5)

    with pytest.raises(NeedsSteps):
        send(room, connection, update)
    assert room.journal.sequence == 2

    monkeypatch.setattr(
        RawDocument, "expect_values", lambda raw: raw.has_values or pytest.fail("read on the loop")
    )
    await receive(steps, room, connection, update)
    assert (room.journal.sequence, room.document.has_values) == (3, True)
    assert room.files()["codemirror"] == BEHIND


async def test_others_are_served_while_a_document_is_loaded(room: Room, steps: RoomSteps) -> None:
    """Letters that are typed while a document is loaded are in the document afterwards."""
    connection, _ = join(room)
    typist, typed = typing(), 1
    loading = asyncio.create_task(steps.load(room))
    while not loading.done():
        await asyncio.sleep(0)
        send(room, connection, typist.insert(typed, "k"))
        typed += 1
        if typed % 3 == 0:
            room.integrate_pending()

    await loading
    assert typed > 2
    assert not room.document.needs_load
    assert room.files() == {"codemirror": BEHIND, "other": "k" * typed}


async def test_keystrokes_in_large_document_load_nothing(
    room: Room, slices: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keystrokes are stored and sent to newcomers although nothing has loaded the text."""
    no_whole_load(monkeypatch)
    connection, _ = join(room)
    typist = typing()
    for number in range(1, 30):
        send(room, connection, typist.insert(number, "k"))
    room.integrate_pending()

    assert not slices
    assert room.document.needs_load
    assert parse(room.document.diff(b"\x00")).spans[7] == (0, 30)


async def test_refused_update_of_slow_document_costs_no_whole_load(
    room: Room, steps: RoomSteps, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a refused update the view is dropped, and the next update is taken as usual.

    The view contained a part of the refused update.
    """
    no_whole_load(monkeypatch)
    connection, _ = join(room)
    await steps.load(room)
    ticks = iter(range(10**9))
    work = room.document._work
    monkeypatch.setattr(work, "cpu_s", lambda: next(ticks) * 2 * MAX_WORK_S)
    for update in (
        between(3),
        update_of(*(placed(text("z"), right=(9, 3)) for _ in range(1_000)), client=6),
    ):
        with pytest.raises(LimitExceeded):
            await receive(steps, room, connection, update)
        assert not room.document.is_loaded
        monkeypatch.setattr(work, "cpu_s", float)
        await receive(steps, room, connection, between(4, client=20 + len(update)))
        monkeypatch.setattr(work, "cpu_s", lambda: next(ticks) * 2 * MAX_WORK_S)
    assert len(room.files()["codemirror"]) == COUNT + 4


async def test_small_update_of_slow_document_is_taken_in_slices(
    room: Room, steps: RoomSteps, slices: list[int]
) -> None:
    """A document that is slow in pycrdt gets few structs in each call, even when it is loaded."""
    connection, _ = join(room)
    await steps.load(room)
    room.document._work.is_slow = True
    update = update_of(*(placed(text("z"), right=(9, 3)) for _ in range(100)), client=6)

    with pytest.raises(NeedsSteps):
        send(room, connection, update)
    slices.clear()
    await receive(steps, room, connection, update)

    assert slices[0] == 1
    assert sum(slices) == 100
    assert room.index.clocks[6] == 100


async def test_cut_characters_are_taken_without_a_load_for_each(
    steps: RoomSteps, slices: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The text is integrated only when it is read. Both halves of a cut character show U+FFFD."""
    room = make_room(restore(None, stored(Typist(1).insert(0, EMOJI * SMALL_BYTES))))
    connection, _ = join(room)
    no_whole_load(monkeypatch)
    monkeypatch.setattr(Work, "start", lambda *_: pytest.fail("it is integrated"))
    await steps.load(room)
    slices.clear()

    for number in range(3):
        cut = update_of(
            placed(text("x"), left=(1, 4 * number), right=(1, 4 * number + 1)), client=30 + number
        )
        await receive(steps, room, connection, cut)

    assert not slices
    assert not room.document.is_proven
    await steps.load(room)
    assert room.files()["codemirror"].startswith(f"\ufffdx\ufffd{EMOJI}" * 3)
    assert room.document.is_proven


async def test_large_edit_of_the_server_is_taken_in_steps(
    room: Room, steps: RoomSteps, slices: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Typing goes on during the steps, and `check` is called when the edit is ready."""
    no_whole_load(monkeypatch)
    connection, _ = join(room)
    asked: list[int] = []

    async def check() -> None:
        asked.append(len(slices))

    update = update_of(*(placed(text("z"), parent="new") for _ in range(3_000)), client=6)
    taking = asyncio.create_task(steps.take_edit(room, server_edit(update, "ada"), check))
    typist, typed = typing(), 1
    while not taking.done():
        await asyncio.sleep(0)
        send(room, connection, typist.insert(typed, "k"))
        typed += 1

    await taking
    assert typed > 2
    assert asked == [len(slices)]
    assert room.files() == {"codemirror": BEHIND, "new": "z" * 3_000, "other": "k" * typed}


async def test_texts_are_read_after_a_running_large_update(
    room: Room, steps: RoomSteps, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A read before the end of the update would need another copy of the whole document."""
    connection, _ = join(room)
    await steps.load(room)
    no_whole_load(monkeypatch)
    update = update_of(*(placed(text("z"), parent="new") for _ in range(3_000)), client=6)
    taking = asyncio.create_task(receive(steps, room, connection, update))
    while room.document.is_loaded:  # noqa: ASYNC110 - nothing tells that a step was done
        await asyncio.sleep(0)
    assert (room.document.needs_load, room.document.is_slow_to_read) == (False, True)

    await steps.load(room)

    assert room.files() == {"codemirror": BEHIND, "other": "k", "new": "z" * 3_000}
    assert not room.document.is_slow_to_read
    await taking


@pytest.mark.parametrize(("letters", "is_taken"), [(5, True), (6, False)])
async def test_answer_near_the_text_limit_is_measured_in_the_prepared_view(
    log: list[Chunk],
    steps: RoomSteps,
    monkeypatch: pytest.MonkeyPatch,
    letters: int,
    is_taken: bool,
) -> None:
    """The size of an answer that replaces text is exact, and the document is not loaded again."""
    limit = COUNT + 2
    room = make_room(restore(None, log), RoomLimits(text_bytes=limit))
    connection, _ = join(room)
    await steps.load(room)
    no_whole_load(monkeypatch)
    structs = [placed(text("z" * letters), parent="new")]
    answer = Update([Section(6, 0, structs)], [(9, 0, 4)]).encode()
    frame = y_protocol.sync_step2(answer)
    with pytest.raises(NeedsSteps):
        room.receive(connection, frame, NOW)

    if is_taken:
        await steps.receive(room, connection, frame)
    else:
        with pytest.raises(DocumentFull):
            await steps.receive(room, connection, frame)
        monkeypatch.undo()
        await steps.load(room)

    assert sum(map(len, room.files().values())) == (limit if is_taken else COUNT + 1)
