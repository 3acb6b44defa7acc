"""Tests of the times at which rooms send frames."""

import asyncio
from collections.abc import Callable

import pytest

from crdt.lifecycle import dispatch
from crdt.lifecycle.dispatch import BroadcastScheduler
from crdt.limits import RoomLimits
from crdt.room.connection import Connection
from crdt.room.room import Room
from crdt.wire import y_protocol
from crdt.wire.y_protocol import AwarenessEntry
from tests.crdt.harness import NOW, Inbox, Typist, join, make_room
from tests.waiting import until


class Timers:
    """The timers of the running loop. `waiting` counts the timers that have not fired yet."""

    def __init__(self) -> None:
        self.made: list[asyncio.TimerHandle] = []
        self._loop = asyncio.get_running_loop()
        self._call_later = self._loop.call_later
        self._loop.call_later = self._note  # type: ignore[method-assign,assignment]

    def _note(
        self, delay: float, callback: Callable[..., object], *args: object
    ) -> asyncio.TimerHandle:
        timer = self._call_later(delay, callback, *args)
        self.made.append(timer)
        return timer

    def waiting(self) -> int:
        now = self._loop.time()
        return sum(not timer.cancelled() and timer.when() > now for timer in self.made)


def _served_room() -> tuple[Room, tuple[Connection, Inbox], tuple[Connection, Inbox]]:
    """Return a room that sends in turns, and two members who have received nothing yet."""
    room = make_room(
        encode=lambda frame: b"<" + frame + b">", scheduler=BroadcastScheduler(0.05, lambda: NOW)
    )
    ada, bob = join(room, "ada"), join(room, "bob")
    ada[1].take(), bob[1].take()
    return room, ada, bob


def _point(room: Room, connection: Connection, client_id: int, clock: int) -> bytes:
    """Move a cursor, and return bytes that the frame to the other clients must contain."""
    room.members.presence.hear(
        connection, [AwarenessEntry(client_id, clock, '{"cursor":1}')], NOW + 1_000 * clock
    )
    return b'"cursor":1'


async def _turn() -> None:
    await asyncio.sleep(0)


async def test_dispatch_sends_edit_and_cursor_in_one_write() -> None:
    """An edit and a cursor are sent in one write, and no timer for presence is left.

    The typist does not receive their own edit and cursor.
    """
    timers = Timers()
    room, (ada, to_ada), (_, to_bob) = _served_room()

    update = y_protocol.sync_update(Typist(5).insert(0, "a"))
    room.receive(ada, update, NOW)
    cursor = _point(room, ada, 5, 1)
    await _turn()

    (written,) = to_bob.take()
    assert written.startswith(b"<" + update + b"><\x01")
    assert cursor in written
    assert to_ada.take() == [y_protocol.awareness_update([AwarenessEntry(5, 1, None)])]
    assert (len(timers.made), timers.waiting()) == (1, 0)


async def test_dispatch_of_edit_includes_waiting_presence() -> None:
    """An edit of another user takes the waiting presence with it.

    That user receives only the presence.
    """
    room, (ada, to_ada), (bob, to_bob) = _served_room()
    cursor = _point(room, ada, 5, 1)
    to_ada.take()
    await _turn()
    assert (to_ada.take(), to_bob.take()) == ([], [])

    update = y_protocol.sync_update(Typist(6).insert(0, "b"))
    room.receive(bob, update, NOW)
    await _turn()

    (written,) = to_bob.take()
    assert cursor in written
    assert update not in written
    assert to_ada.take() == [b"<" + update + b">"]


async def test_dispatch_of_presence_alone_is_delayed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An edit in one room does not end the delay of presence in another room."""
    # A busy machine needs less than this time to get to the first assertion.
    monkeypatch.setattr(dispatch, "_NEWS_DELAY_S", 1.0)
    turns = BroadcastScheduler(0.05, lambda: NOW)
    rooms = [make_room(scheduler=turns), make_room(scheduler=turns)]
    (ada, _), (_, to_bob) = join(rooms[0], "ada"), join(rooms[0], "bob")
    (eve, _), (_, to_dan) = join(rooms[1], "eve"), join(rooms[1], "dan")
    to_bob.take(), to_dan.take()
    _point(rooms[0], ada, 5, 1)
    _point(rooms[1], eve, 6, 1)
    rooms[1].receive(eve, y_protocol.sync_update(Typist(6).insert(0, "b")), NOW)
    await _turn()
    assert (len(to_bob.take()), len(to_dan.take())) == (0, 1)

    async def written() -> list[bytes]:
        return to_bob.frames

    assert len(await until(written, bool)) == 1


async def test_dispatch_timer_applies_late_presence(make_world) -> None:
    """Presence that came too fast is sent after the interval, without another message."""
    world = make_world(room=RoomLimits(presence_interval_ms=20))
    await world.session()
    async with world.rooms.use("one") as room:
        ada, _ = join(room)
        _, watcher = join(room, "bob")
        for clock in (1, 2):
            entry = y_protocol.AwarenessEntry(1, clock, f'{{"n":{clock}}}')
            room.receive(ada, y_protocol.awareness_update([entry]), world.now)
        world.now += 100

        await until(lambda: [f for f in watcher.frames if b'"n":2' in f])


async def test_dispatch_sends_for_other_rooms_if_one_room_fails(
    expect_log: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One callback sends for all rooms, so a room that fails must not stop the others."""
    expect_log("the new frames of a room cannot be sent")
    expect_log("the presence of a room cannot be sent")
    scheduler = BroadcastScheduler(0.05, lambda: NOW)

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    rooms = [make_room(scheduler=scheduler) for _ in range(2)]
    (ada, to_ada), (_, to_bob) = (join(rooms[1], name) for name in ("ada", "bob"))
    failing, _ = join(rooms[0], "eve")
    await until(lambda: to_ada.take() and to_bob.take())
    monkeypatch.setattr(failing.outbox, "send_framed", fail)
    rooms[0].members.presence.broadcast.add(b"\x00")
    rooms[1].receive(ada, y_protocol.sync_update(Typist(5).insert(0, "a")), NOW)
    await _turn()
    assert len(to_bob.take()) == 1

    monkeypatch.setattr(type(rooms[0].members.presence), "publish", lambda presence: fail())
    scheduler.publish_soon(rooms[0].members.presence)
    scheduler._publish()
