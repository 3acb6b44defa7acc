"""Tests of opening stored documents.

A worker opens some documents first, and a document that it cannot open is set aside.
"""

import math
import signal
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

import crdt.processes.worker
from crdt.crashmark import CrashMark
from crdt.document.document import Document
from crdt.errors import RoomDamaged, RoomSetAside, RoomUnavailable
from crdt.fair_queue import Payer
from crdt.lifecycle import opening
from crdt.lifecycle.document_work import SMALL_BYTES, DocumentWork
from crdt.lifecycle.environment import Environment
from crdt.lifecycle.opening import DocumentOpener
from crdt.log.codec import LogEntry, encode_chunk
from crdt.log.restore import RestoredDocument
from crdt.quarantine import Quarantine
from crdt.workers import Workers, WorkersSettings
from harness.costly import string, update
from storage.records import Chunk
from tests.crdt import work
from tests.crdt.harness import NOW, Typist

SMALL, LARGE = 10, SMALL_BYTES


class Case:
    """An opener with its own workers and quarantine."""

    def __init__(self, memory_mb: int = 512) -> None:
        self.workers = Workers(WorkersSettings(processes=1, memory_mb=memory_mb))
        self.quarantine = Quarantine()
        self.mark = CrashMark()
        environment = Environment(
            clock=lambda: NOW,
            random_below=lambda _: 7,
            fill_changed=lambda _session_id: None,
            workers=self.workers,
            cpu_s=time.thread_time,
            quarantine=self.quarantine,
            mark=self.mark,
        )
        self.opener = DocumentOpener(DocumentWork(self.workers, self.mark), environment)

    async def open(self, size: int) -> str:
        """Open a document of `size` characters, and return its text."""
        return text_of(await self.opener.open(Payer("ada"), "one", None, [chunk(size)], 0))


def chunk(size: int) -> Chunk:
    return Chunk(
        "one", 1, 1, encode_chunk([LogEntry(NOW, "ada", Typist(5).insert(0, "x" * size))]), NOW
    )


def text_of(restored: RestoredDocument) -> str:
    document = Document(restored.state, restored.index.split_surrogates, restored.traits)
    return document.texts(["codemirror"])["codemirror"]


@pytest.fixture
async def make() -> AsyncIterator[Callable[..., Case]]:
    made: list[Case] = []

    def make_case(**options: Any) -> Case:
        made.append(Case(**options))
        return made[-1]

    yield make_case
    for case in made:
        await case.workers.close()


async def test_small_document_is_opened_without_a_process(make: Callable[..., Case]) -> None:
    """Most documents are small, and a process would cost more than it saves."""
    case = make()
    assert await case.open(SMALL) == "x" * SMALL
    assert (case.workers.processes, case.workers.counts.total()) == (0, 0)


async def test_large_document_is_opened_in_a_worker(make: Callable[..., Case]) -> None:
    """A worker returns the text, structs and authors that a thread would return."""
    case = make()
    restored = await case.opener.open(Payer("ada"), "one", None, [chunk(LARGE)], 0)
    assert case.workers.counts == {"done": 1}
    assert text_of(restored) == "x" * LARGE
    assert (restored.index.clocks, restored.sequence, restored.contributors) == (
        {5: LARGE},
        1,
        {"ada": 1},
    )
    assert restored.index.parents.is_single


async def test_document_too_large_for_workers_is_opened_by_a_thread(
    make: Callable[..., Case],
) -> None:
    """An operator may allow documents that are larger than the workers' memory allows."""
    case = make(memory_mb=1)
    assert await case.open(LARGE) == "x" * LARGE
    assert case.workers.counts.total() == 0


async def test_small_document_that_killed_the_server_is_opened_in_a_worker(
    make: Callable[..., Case],
) -> None:
    case = make()
    case.quarantine.note([("one", "eve")], NOW, is_sure=True)
    assert await case.open(SMALL) == "x" * SMALL
    assert case.workers.counts == {"done": 1}


async def test_document_too_slow_for_a_worker_is_set_aside_again(
    make: Callable[..., Case], monkeypatch: pytest.MonkeyPatch, expect_log
) -> None:
    """A document that is too slow is set aside for longer each time.

    No thread works on it, so the server stays safe.
    """
    expect_log("session one is set aside: its document cannot be opened .the work took longer")
    monkeypatch.setattr(opening, "_SUSPECT_S", 0.001)
    # An infinite CPU time is the value for an unknown time.
    monkeypatch.setattr(crdt.processes.worker, "cpu_s", lambda _: math.inf)
    case = make()
    await case.workers.run(work.add, 2, 3, key="bob", deadline_s=600.0)  # a process has started
    case.quarantine.note([("one", "eve")], NOW, is_sure=True)
    before = case.quarantine.wait_ms("one", NOW)

    with pytest.raises(RoomSetAside):
        await case.open(SMALL)

    assert case.quarantine.wait_ms("one", NOW) == 6 * before
    assert case.workers.counts == {"done": 1, "late": 1}


async def test_document_that_would_block_the_loop_is_set_aside(
    make: Callable[..., Case], monkeypatch: pytest.MonkeyPatch, expect_log
) -> None:
    """A document that a worker can open is set aside if it would block typing for too long."""
    expect_log(
        "session one is set aside: its document cannot be opened .it takes pycrdt 0.0 seconds"
    )
    monkeypatch.setattr(opening, "_MOST_WORK_S", -1.0)
    case = make()

    with pytest.raises(RoomSetAside):
        await case.open(LARGE)

    assert case.quarantine.set_aside(NOW) == ["one"]


def end_by_a_signal(*_: object) -> None:
    """End the process by a signal. This function replaces the opening of a document."""
    work.die(signal.SIGSEGV)


async def test_document_for_which_two_workers_die_is_set_aside(
    make: Callable[..., Case], monkeypatch: pytest.MonkeyPatch, expect_log
) -> None:
    """After one dead worker the room is unavailable; after two its document is set aside.

    Another program may have ended the first worker. Two deaths mean that the document is the cause.
    """
    expect_log(
        "session one is set aside: its document cannot be opened .a worker process ended .-11."
    )
    monkeypatch.setattr(opening, "put_together", end_by_a_signal)
    case = make()

    with pytest.raises(RoomUnavailable):
        await case.open(LARGE)
    assert case.quarantine.set_aside(NOW) == []
    with pytest.raises(RoomSetAside):
        await case.open(LARGE)

    assert case.quarantine.set_aside(NOW) == ["one"]


async def test_damaged_document_raises_room_damaged_in_thread_and_worker(
    make: Callable[..., Case],
) -> None:
    case = make()
    good = chunk(LARGE)
    damaged = Chunk(good.session_id, good.first, good.last, good.data[:-1] + b"x", NOW)
    with pytest.raises(RoomDamaged) as raised:
        await case.opener.open(Payer("ada"), "one", None, [damaged], 0)
    assert type(raised.value) is RoomDamaged
    assert case.quarantine.set_aside(NOW) == []


@pytest.mark.parametrize("kind", ["conflicts", "one key"])
async def test_small_document_that_loads_slowly_is_opened_in_a_worker(
    make: Callable[..., Case], kind: str
) -> None:
    """No call of pycrdt holds the interpreter for long, although the document has few bytes.

    In one call, the thread would load these documents for 0.2 s to 2 s.
    """
    case, count = make(), 3_000
    structs = {
        "conflicts": [string(b"x", None, (1, at)) for at in range(count)],
        "one key": [b"\x28\x01\x03map\x01k\x01\x7e"] * count,
    }
    first = update(1, 0, [string(b"a" * count)])
    entries = [LogEntry(NOW, "ada", made) for made in (first, update(2, 0, structs[kind]))]
    chunk = Chunk("one", 1, 2, encode_chunk(entries), NOW)
    assert len(chunk.data) < SMALL_BYTES

    restored = await case.opener.open(Payer("ada"), "one", None, [chunk], 0)

    assert case.workers.counts == {"done": 1}
    assert len(text_of(restored)) == count + (count if kind == "conflicts" else 0)


async def test_small_document_of_many_structs_is_opened_without_a_process(
    make: Callable[..., Case],
) -> None:
    """Most documents of some hundred structs load in a millisecond."""
    case, typist = make(), Typist(5)
    entries = [LogEntry(NOW, "ada", typist.insert(0, "x")) for _ in range(300)]
    chunk = Chunk("one", 1, 300, encode_chunk(entries), NOW)

    assert text_of(await case.opener.open(Payer("ada"), "one", None, [chunk], 0)) == "x" * 300

    assert case.workers.processes == 0
