"""Tests of a room's members: their right to write, and the frames that they get."""

from typing import Any, cast

import pytest

from crdt.lifecycle.stepwise import room_steps
from crdt.room.closing import CloseReason
from crdt.room.connection import Connection
from crdt.room.members import may_write
from crdt.room.room import Room
from crdt.wire import update_parser, y_protocol
from crdt.wire.parsed_update import Parsed
from crdt.wire.y_protocol import AwarenessEntry
from storage.records import Role
from tests.crdt.harness import EMPTY, NOW, Inbox, Typist, join, make_room, send
from tests.crdt.world import World

STEP1 = y_protocol.sync_step1({})


class Commenter:
    """A made-up fourth role, which may not edit."""

    def allows(self, needed: Role) -> bool:
        return needed is Role.VIEWER


class Reviewer:
    """A made-up fourth role, which may edit."""

    def allows(self, _needed: Role) -> bool:
        return True


ROLES: list[Any] = [*Role, Commenter(), Reviewer()]


def _name(role: Any) -> str:
    return role.value if isinstance(role, Role) else type(role).__name__.lower()


def _room(role: Any, *, is_open: bool) -> tuple[Room, Connection, Inbox, bool]:
    """Return a room, its one connection with its inbox, and whether the connection may write."""
    room = make_room(is_open=is_open)
    connection, inbox = join(room, role=cast("Role", role))
    return room, connection, inbox, is_open and role.allows(Role.EDITOR)


@pytest.mark.parametrize("is_open", [True, False])
@pytest.mark.parametrize("role", ROLES, ids=_name)
def test_may_write_requires_open_session_and_editor(role: Any, is_open: bool) -> None:
    """The rule for writing holds for the present roles, and for roles that may be added."""
    expected = is_open and _name(role) in {"owner", "editor", "reviewer"}

    assert may_write(cast("Role", role), is_open=is_open) is expected


@pytest.mark.parametrize("is_open", [True, False])
@pytest.mark.parametrize("role", ROLES, ids=_name)
@pytest.mark.parametrize("kind", ["keystroke", "update", "answer"])
def test_receive_accepts_edits_of_writers_only(role: Any, is_open: bool, kind: str) -> None:
    """The fast path, the slow path and answers to SyncStep1 all use the same rule for writing."""
    room, connection, _, may = _room(role, is_open=is_open)
    typist = Typist(5)
    first, second = typist.insert(0, "a"), typist.insert(1, "é" if kind == "update" else "b")

    if kind == "answer":
        room.receive(connection, y_protocol.sync_step2(typist.doc.get_update()), NOW)
    else:
        send(room, connection, first)
        send(room, connection, second)

    assert connection.may_write is may
    assert room.files() == {"codemirror": typist.text if may else ""}
    assert room.journal.sequence == (0 if not may else 1 if kind == "answer" else 2)


@pytest.mark.parametrize("is_open", [True, False])
@pytest.mark.parametrize("role", ROLES, ids=_name)
async def test_receive_of_large_update_scans_for_writers_only(
    world: World, role: Any, is_open: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A room uses no thread for an update that it drops."""
    room, connection, _, may = _room(role, is_open=is_open)
    scanned = []

    def counted(update: bytes) -> Parsed:
        scanned.append(update)
        return update_parser.read(update)

    monkeypatch.setattr(room_steps, "read", counted)

    await world.rooms.steps.receive(
        room, connection, y_protocol.sync_update(Typist(5).insert(0, "a"))
    )

    assert len(scanned) == may
    assert room.files() == {"codemirror": "a" if may else ""}


@pytest.mark.parametrize("is_open", [True, False])
@pytest.mark.parametrize("role", ROLES, ids=_name)
def test_join_requests_updates_from_writers_only(role: Any, is_open: bool) -> None:
    """A client that may not write is not asked for its edits."""
    _, _, inbox, may = _room(role, is_open=is_open)

    assert inbox.take() == ([STEP1] if may else [])


@pytest.mark.parametrize("after", ROLES, ids=_name)
@pytest.mark.parametrize("before", ROLES, ids=_name)
def test_set_role_requests_updates_from_new_writers_only(before: Any, after: Any) -> None:
    """A new role applies to open connections. Only a new right to write leads to a question."""
    room, connection, inbox, could = _room(before, is_open=True)
    inbox.take()

    room.members.set_role("ada", cast("Role", after))

    may = after.allows(Role.EDITOR)
    assert connection.may_write is may
    assert inbox.take() == ([STEP1] if may and not could else [])


def test_leave_ends_right_to_write() -> None:
    """A keystroke that arrives after its connection was closed changes nothing."""
    room = make_room()
    ada, inbox = join(room)
    send(room, ada, Typist(5).insert(0, "a"))

    room.members.close([ada], CloseReason.MEMBER_REMOVED, "gone")
    room.members.leave(ada)
    send(room, ada, Typist(6).insert(0, "b"))

    assert ada.may_write is False
    assert inbox.closed == (CloseReason.MEMBER_REMOVED, "gone")
    assert room.files() == {"codemirror": "a"}


class Notes:
    """An observer that records its calls."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def edited(self) -> None:
        self.events.append("edited")

    def joined(self, connection: Connection) -> None:
        self.events.append(f"joined {connection.user_id}")

    def left(self, connection: Connection) -> None:
        self.events.append(f"left {connection.user_id}")

    def heard(self, entries: list[AwarenessEntry]) -> None:
        self.events.append(f"heard {len(entries)}")


def test_observers_are_notified_until_they_stop() -> None:
    """A second observer takes no events from the first observer."""
    room, first, second = make_room(), Notes(), Notes()
    room.members.observe(first)
    room.members.observe(second)
    ada, _ = join(room)
    send(room, ada, Typist(5).insert(0, "a"))
    room.receive(ada, y_protocol.awareness_update([AwarenessEntry(5, 1, "{}")]), NOW)
    room.members.stop_observing(first)
    room.members.stop_observing(first)
    room.members.leave(ada)

    assert first.events == ["joined ada", "edited", "heard 1"]
    assert second.events == [*first.events, "heard 1", "left ada"]


def test_refused_edit_is_explained_once() -> None:
    """An empty update is not refused, and a refused edit is explained only once."""
    room = make_room()
    vic, inbox = join(room, "vic", Role.VIEWER)
    send(room, vic, EMPTY)
    assert inbox.take() == []

    send(room, vic, Typist(5).insert(0, "a"))
    send(room, vic, Typist(5).insert(0, "a"))
    (refusal,) = inbox.take()

    assert b"forbidden" in refusal
