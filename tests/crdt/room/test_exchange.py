"""Tests of a client's "saved" messages, the questions to it, and the document that it was sent."""

import pytest

from crdt.errors import NeedsSteps
from crdt.room.exchange import Questions, Receipts, SentDocument
from crdt.wire import y_protocol
from tests.crdt.harness import Inbox


def test_receipts_send_newest_committed_count_once() -> None:
    """When two of three updates are committed, one frame has the count of the second update."""
    inbox = Inbox()
    receipts = Receipts(inbox)
    for sequence in (1, 2, 3):
        receipts.note(sequence, 0)

    receipts.send(2)
    receipts.send(2)

    assert inbox.take() == [y_protocol.saved(2)]
    receipts.send(9)
    assert inbox.take() == [y_protocol.saved(3)]


def test_receipts_of_saved_update_are_sent_immediately() -> None:
    """An update without new structs is saved when the structs that it repeats are saved."""
    inbox = Inbox()
    receipts = Receipts(inbox)

    receipts.note(4, 4)

    assert inbox.take() == [y_protocol.saved(1)]


def test_receipts_of_a_client_behind_say_nothing() -> None:
    """While a client has not answered the room's question, no update of it counts as saved."""
    inbox = Inbox()
    receipts = Receipts(inbox)
    receipts.is_behind = True

    receipts.note(1, 1)

    assert inbox.take() == []
    assert receipts.unsaved is None


def test_document_that_was_sent_is_not_needed_again() -> None:
    """A document that was sent is enough while it may be on its way.

    Later it is enough only for a client that knows all of it.
    """
    sent = SentDocument()
    assert not sent.is_enough({}, 0)

    sent.note({5: 10, 6: 3}, size=1 << 20, now=0)

    link_ms = 30_000 + (1 << 17)
    assert sent.is_enough({}, link_ms - 1)
    assert not sent.is_enough({5: 10}, link_ms)
    assert not sent.is_enough({5: 10, 6: 2}, link_ms)
    assert sent.is_enough({5: 12, 6: 3}, link_ms)


def test_document_that_is_being_made_ready_is_not_asked_for_twice() -> None:
    sent = SentDocument()

    sent.is_coming = True

    assert sent.is_enough({}, 0)


def receive(questions: Questions) -> None:
    with questions.receiving():
        pass


def test_answer_that_is_taken_in_steps_counts_once() -> None:
    """It comes twice: it must not count as the answer to the next question, too."""
    questions = Questions(Inbox())
    questions.ask_all({}, {})
    questions.compare({1}, {1: 4})

    with pytest.raises(NeedsSteps), questions.receiving():
        raise NeedsSteps
    receive(questions)

    assert not questions.has_shown(1)


def test_client_has_shown_its_structs_once_it_answered_the_question_about_them() -> None:
    """Answers to earlier questions do not count, nor do answers that nobody asked for."""
    inbox = Inbox()
    questions, clocks = Questions(inbox), {1: 4, 2: 9}
    receive(questions)
    questions.ask_all({}, clocks)
    questions.compare({1}, clocks)

    assert inbox.take() == [y_protocol.sync_step1(clocks), y_protocol.sync_step1({1: 0, 2: 9})]
    receive(questions)
    questions.note_compared(set())
    assert not questions.has_shown(1)
    assert questions.verifies == {1: (0, 4)}
    receive(questions)
    questions.note_compared({1})
    assert questions.has_shown(1)
    assert questions.verifies == {}

    questions.note_shown({2})
    assert questions.has_shown(2)
