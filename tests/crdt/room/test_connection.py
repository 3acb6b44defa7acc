"""Tests of a client's state in its room: its "saved" messages, and the room's questions."""

from crdt.room.connection import Connection
from crdt.wire import y_protocol
from storage.records import Role
from tests.crdt.harness import Inbox


def _connection() -> tuple[Connection, Inbox]:
    inbox = Inbox()
    user = {"id": "ada", "name": "Ada"}
    return Connection(
        user=user, login_id="l", role=Role.EDITOR, outbox=inbox, wants_saved=True
    ), inbox


def test_acknowledge_reports_newest_committed_count_once() -> None:
    """When two of three updates are committed, one frame has the count of the second update."""
    connection, inbox = _connection()
    for sequence in (1, 2, 3):
        connection.receipts.note(sequence, 0)

    connection.receipts.send(2)
    connection.receipts.send(2)

    assert inbox.take() == [y_protocol.saved(2)]
    connection.receipts.send(9)
    assert inbox.take() == [y_protocol.saved(3)]


def test_acknowledge_when_already_saved_reports_immediately() -> None:
    """An update without new structs is saved when the structs that it repeats are saved."""
    connection, inbox = _connection()

    connection.receipts.note(4, 4)

    assert inbox.take() == [y_protocol.saved(1)]


def test_receipts_of_a_client_behind_say_nothing() -> None:
    """While a client has not answered the room's question, no update of it counts as saved."""
    connection, inbox = _connection()
    connection.receipts.is_behind = True

    connection.receipts.note(1, 1)

    assert inbox.take() == []
    assert connection.receipts.unsaved is None


def test_client_is_asked_once_for_what_is_missing() -> None:
    """A client is not asked again before it answers, nor after an answer with the same gap.

    It is asked again when a part of the missing structs has arrived.
    """
    connection, inbox = _connection()
    clocks = {1: 4}
    question = y_protocol.sync_step1(clocks)

    connection.ask_for({2}, clocks)
    connection.ask_for({3}, clocks)
    assert inbox.take() == [question]
    connection.note_answer({2, 3}, clocks)
    connection.ask_for({2}, clocks)
    connection.questions.ask_again(clocks)
    assert inbox.take() == []

    connection.ask_for({1}, clocks)
    assert inbox.take() == [question]
    connection.note_answer({3}, clocks)
    connection.questions.ask_again({1: 4, 3: 1})
    assert inbox.take() == [y_protocol.sync_step1({1: 4, 3: 1})]
    connection.note_answer(set(), clocks)
    assert not connection.receipts.is_behind
    connection.ask_for({3}, clocks)
    assert inbox.take() == [question]


def test_document_that_was_sent_is_not_needed_again() -> None:
    """A document that was sent is enough while it may be on its way.

    Later it is enough only for a client that knows all of it.
    """
    connection, _ = _connection()
    assert not connection.sent.is_enough({}, 0)

    connection.sent.note({5: 10, 6: 3}, size=1 << 20, now=0)

    link_ms = 30_000 + (1 << 17)
    assert connection.sent.is_enough({}, link_ms - 1)
    assert not connection.sent.is_enough({5: 10}, link_ms)
    assert not connection.sent.is_enough({5: 10, 6: 2}, link_ms)
    assert connection.sent.is_enough({5: 12, 6: 3}, link_ms)


def test_document_that_is_being_made_ready_is_not_asked_for_twice() -> None:
    connection, _ = _connection()

    connection.sent.is_coming = True

    assert connection.sent.is_enough({}, 0)


def test_client_has_shown_its_structs_once_it_answered_the_question_about_them() -> None:
    """Answers to earlier questions do not count, nor do answers that nobody asked for."""
    connection, inbox = _connection()
    questions, clocks = connection.questions, {1: 4, 2: 9}
    questions.note_received()
    questions.ask_all({}, clocks)
    questions.compare({1}, clocks)

    assert inbox.take() == [y_protocol.sync_step1(clocks), y_protocol.sync_step1({1: 0, 2: 9})]
    questions.note_received()
    questions.note_compared(set())
    assert not questions.has_shown(1)
    assert questions.verifies == {1: (0, 4)}
    questions.note_received()
    questions.note_compared({1})
    assert questions.has_shown(1)
    assert questions.verifies == {}

    questions.note_shown({2})
    assert questions.has_shown(2)
