"""Tests of a client's state in its room: missing structs, and updates that are refused."""

from crdt.document.merging import EMPTY
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


def test_refuse_counts_each_update_and_says_why_once() -> None:
    """An empty update is counted too, but it has nothing that could be refused."""
    connection, inbox = _connection()

    connection.refuse(EMPTY, "no")
    assert (inbox.take(), connection.receipts.is_behind) == ([], False)
    connection.refuse(b"\x01", "no")
    connection.refuse(b"\x01", "no")

    assert inbox.take() == [y_protocol.permission_denied("no")]
    assert (connection.receipts.received, connection.receipts.is_behind) == (3, True)
