"""Tests that known structs of a document are compared in a thread, unless the document is small.

A comparison reads the whole document. On the event loop that would hold everybody up.
"""

import threading
from collections.abc import Callable
from typing import NamedTuple

import pytest

from crdt.errors import NeedsSteps
from crdt.lifecycle.stepwise import room_steps
from crdt.room import claims
from crdt.room.closing import CloseReason
from crdt.room.connection import Connection
from crdt.room.room import Room
from crdt.structs import admission
from crdt.structs.overlap import find_differing
from crdt.wire import y_protocol
from tests.crdt.harness import NOW, Inbox, announce, join, make_room
from tests.crdt.harness import room_steps as steps_of_room
from tests.crdt.struct_bytes import placed, text, update_of

COUNT = 1_000
"""Structs of a document that takes about ten milliseconds to compare."""


def document(letter: str, client: int = 1) -> bytes:
    """Return an update of many structs, each with one letter."""
    return update_of(*(placed(text(letter), parent="t") for _ in range(COUNT)), client=client)


class Case(NamedTuple):
    """A client that sends known structs again: what it sends, in its own and in a wrong form."""

    room: Room
    connection: Connection
    inbox: Inbox
    client: int


def of_nobody() -> Case:
    """Ada's app begins its documents with a template, and so does Bob's."""
    room = make_room()
    ada, _ = join(room, "ada")
    announce(room, ada, 5)
    take(room, ada, document("a"))
    bob, inbox = join(room, "bob")
    announce(room, bob, 6)
    room.receive(bob, y_protocol.sync_step1({1: COUNT}), NOW)
    return Case(room, bob, inbox, 1)


def of_returning_owner() -> Case:
    """Bob brings what Ada typed while Ada is away. Then Ada's browser is asked for it."""
    room = make_room()
    bob, _ = join(room, "bob")
    announce(room, bob, 6)
    room.index.owners[5] = "ada"
    take(room, bob, document("a", 5))
    ada, inbox = join(room, "ada")
    announce(room, ada, 5)
    return Case(room, ada, inbox, 5)


def take(room: Room, connection: Connection, update: bytes) -> None:
    room.receive(connection, y_protocol.sync_step2(update), NOW)


CASES = [of_nobody, of_returning_owner]


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The threads that compared something, in order."""
    used: list[int] = []

    def noted(*arguments: object) -> set[int]:
        used.append(threading.get_ident())
        return find_differing(*arguments)  # type: ignore[arg-type]

    for module in (admission, claims, room_steps):
        monkeypatch.setattr(module, "find_differing", noted)
    return used


@pytest.mark.parametrize("letter", ["a", "b"], ids=["equal", "different"])
@pytest.mark.parametrize("make", CASES)
async def test_structs_sent_again_are_compared_in_a_thread(
    make: Callable[[], Case], threads: list[int], letter: str
) -> None:
    case = make()
    frame = y_protocol.sync_step2(document(letter, case.client))

    with pytest.raises(NeedsSteps):
        case.room.receive(case.connection, frame, NOW)
    await steps_of_room().receive(case.room, case.connection, frame)

    assert threads
    assert threading.get_ident() not in threads
    assert case.inbox.closed == (None if letter == "a" else (CloseReason.CONFLICT, ""))
    assert case.connection.questions.verifies == {}


@pytest.mark.parametrize("known", [1, COUNT // 2])
async def test_new_structs_after_known_ones_of_others_are_compared_in_a_thread(
    threads: list[int], known: int
) -> None:
    """Bob brings what Ada typed elsewhere, together with a part that the server has already."""
    room = make_room()
    ada, _ = join(room, "ada")
    announce(room, ada, 5)
    take(room, ada, document("a", 5))
    room.members.leave(ada)
    bob, inbox = join(room, "bob")
    announce(room, bob, 6)
    structs = [placed(text("a"), parent="t") for _ in range(known + 1)]
    frame = y_protocol.sync_step2(update_of(*structs, client=5, clock=COUNT - known))

    with pytest.raises(NeedsSteps):
        room.receive(bob, frame, NOW)
    await steps_of_room().receive(room, bob, frame)

    assert threads
    assert threading.get_ident() not in threads
    assert inbox.closed is None
    assert room.index.clocks[5] == COUNT + 1


def test_small_document_is_compared_at_once(threads: list[int]) -> None:
    room = make_room()
    ada, _ = join(room, "ada")
    announce(room, ada, 5)
    take(room, ada, update_of(placed(text("title"), parent="t")))
    bob, inbox = join(room, "bob")

    take(room, bob, update_of(placed(text("other"), parent="t")))

    assert threads == [threading.get_ident()]
    assert inbox.closed == (CloseReason.CONFLICT, "")
