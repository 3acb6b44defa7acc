"""Tests of large documents that are sent in parts.

A state is split once for all clients that ask for it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial

import pycrdt
import pytest

from crdt.crashmark import CrashMark
from crdt.lifecycle.document_work import DocumentWork
from crdt.lifecycle.large_answers import LargeAnswers, frames_for
from crdt.room.closing import CloseReason
from crdt.room.connection import Connection
from crdt.wire import y_protocol
from crdt.wire.rewriting.splitting import split_update
from crdt.wire.y_protocol import SyncStep2, SyncUpdate
from crdt.workers import Workers, WorkersSettings
from storage.records import Role
from tests.crdt.harness import Inbox, Typist
from tests.waiting import until


def state_of(count: int) -> bytes:
    """Return a state with `count` pictures of 200 KiB each."""
    doc: pycrdt.Doc = pycrdt.Doc()
    pictures = doc.get("pictures", type=pycrdt.Map)
    for number in range(count):
        pictures[f"p{number}"] = bytes(200 << 10)
    return doc.get_update()


def asking() -> tuple[Connection, Inbox]:
    inbox = Inbox()
    return Connection({"id": "u1"}, "login", Role.OWNER, inbox), inbox


@pytest.fixture
async def workers() -> AsyncIterator[Workers]:
    made = Workers(WorkersSettings(processes=1))
    yield made
    await made.close()


async def test_large_answer_is_updates_and_a_last_sync_step_2(workers: Workers) -> None:
    """Several clients that ask share one split of the state, which a worker makes.

    A client counts as synced after the last frame.
    """
    answers, state = LargeAnswers(DocumentWork(workers, CrashMark())), state_of(5)
    clients = [asking() for _ in range(4)]

    for connection, _ in clients:
        answers.answer(connection, "one", [state], {})
        assert connection.sent.is_coming
    await until(lambda: all(inbox.frames for _, inbox in clients))

    for connection, inbox in clients:
        messages = [y_protocol.decode(frame) for frame in inbox.take()]
        assert [type(message) for message in messages] == [SyncUpdate, SyncUpdate, SyncStep2]
        doc: pycrdt.Doc = pycrdt.Doc()
        for message in messages:
            assert isinstance(message, SyncUpdate | SyncStep2)
            doc.apply_update(message.update)
        assert len(doc.get("pictures", type=pycrdt.Map)) == 5
        assert not connection.sent.is_coming
    assert workers.counts == {"done": 1}
    await answers.stop()
    assert answers._recent == []


async def test_base_is_split_once_while_others_type(workers: Workers) -> None:
    """The base of a document is split once. Later edits are sent after it, without a merge."""
    answers, base = LargeAnswers(DocumentWork(workers, CrashMark())), state_of(5)
    typist, since = Typist(9), list[bytes]()
    for number in range(3):
        since.append(typist.insert(number, "x"))
        connection, inbox = asking()
        answers.answer(connection, "one", [base, *since], {})
        await until(partial(getattr, inbox, "frames"))

        messages = [y_protocol.decode(frame) for frame in inbox.take()]
        assert [type(message) for message in messages] == [
            SyncUpdate,
            SyncUpdate,
            SyncUpdate,
            SyncStep2,
        ]
        doc: pycrdt.Doc = pycrdt.Doc()
        for message in messages:
            assert isinstance(message, SyncUpdate | SyncStep2)
            doc.apply_update(message.update)
        assert len(doc.get("pictures", type=pycrdt.Map)) == 5
        assert str(doc.get("codemirror", type=pycrdt.Text)) == typist.text
    assert workers.counts == {"done": 1}
    await answers.stop()


async def test_answer_is_one_message_while_workers_are_busy(workers: Workers) -> None:
    """If no worker can split an answer, it is sent as one message that is larger than usual."""
    answers, state = LargeAnswers(DocumentWork(workers, CrashMark())), state_of(5)
    await workers.close()
    connection, inbox = asking()

    answers.answer(connection, "one", [state], {})
    await until(lambda: inbox.frames)

    (frame,) = inbox.take()
    assert y_protocol.decode(frame) == SyncStep2(state)
    await answers.stop()


async def test_stop_ends_answers_that_are_being_made(workers: Workers) -> None:
    """The connections of the stopped answers may ask again."""
    answers = LargeAnswers(DocumentWork(workers, CrashMark()))
    connection, inbox = asking()
    answers.answer(connection, "one", [state_of(5)], {})
    await asyncio.sleep(0)

    await answers.stop()

    assert (inbox.frames, connection.sent.is_coming) == ([], False)


def test_frames_leave_out_structs_that_a_client_has() -> None:
    """Deletions are always sent, because state vectors do not describe them."""
    doc: pycrdt.Doc = pycrdt.Doc(client_id=5)
    pictures = doc.get("pictures", type=pycrdt.Map)
    for number in range(6):
        pictures[f"p{number}"] = bytes(200 << 10)
    before = doc.get_update()
    del pictures["p0"]
    after = split_update(doc.get_update())

    assert [len(frame) > 1_000 for frame in frames_for(after, {})] == [True, True, True]
    assert [len(frame) > 1_000 for frame in frames_for(after, {5: 3})] == [False, True, True]
    assert [len(frame) > 1_000 for frame in frames_for(after, {5: 6})] == [False]
    copy: pycrdt.Doc = pycrdt.Doc()
    copy.apply_update(before)
    for frame in frames_for(after, {5: 6}):
        message = y_protocol.decode(frame)
        assert isinstance(message, SyncStep2)
        copy.apply_update(message.update)
    assert sorted(copy.get("pictures", type=pycrdt.Map)) == ["p1", "p2", "p3", "p4", "p5"]
    assert frames_for([], {}) == [y_protocol.sync_step2(b"\x00\x00")]


async def test_answer_is_one_message_if_the_state_cannot_be_split(
    workers: Workers, monkeypatch: pytest.MonkeyPatch, expect_log: Callable[[str], None]
) -> None:
    """A client that asks gets an answer, even after an unexpected error."""
    expect_log("the document of session one cannot be split")
    answers, state = LargeAnswers(DocumentWork(workers, CrashMark())), state_of(5)
    connection, inbox = asking()
    monkeypatch.setattr(workers, "run", _fails)

    answers.answer(connection, "one", [state], {})
    await until(lambda: inbox.frames)

    (frame,) = inbox.take()
    assert y_protocol.decode(frame) == SyncStep2(state)
    await answers.stop()


async def test_answer_that_cannot_be_sent_closes_the_client(
    workers: Workers, monkeypatch: pytest.MonkeyPatch, expect_log: Callable[[str], None]
) -> None:
    """A client whose answer cannot be sent is closed, so that it reconnects and asks again.

    Otherwise it would wait forever.
    """
    expect_log("the task .large answer. ended unexpectedly")
    answers = LargeAnswers(DocumentWork(workers, CrashMark()))
    connection, inbox = asking()
    monkeypatch.setattr(answers, "_split", _fails)

    answers.answer(connection, "one", [state_of(5)], {})
    await until(lambda: inbox.closed)

    assert inbox.closed == (CloseReason.ROOM_UNAVAILABLE, "")
    assert not connection.sent.is_coming
    await answers.stop()


async def _fails(*_: object, **__: object) -> None:
    raise ZeroDivisionError
