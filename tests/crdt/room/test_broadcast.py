"""Tests of the broadcast, which sends the frames of one turn to a room's connections."""

from crdt.room.closing import CloseReason
from crdt.wire import y_protocol
from crdt.wire.y_protocol import AwarenessEntry
from tests.crdt.harness import NOW, Later, Typist, join, make_room, presence_in


def test_broadcast_joins_frames_of_one_turn_into_one_send() -> None:
    """Each client gets the frames of the other clients, in order and in one send."""
    later = Later()
    room = make_room(encode=lambda frame: b"<" + frame + b">", scheduler=later)
    (ada, to_ada), (bob, to_bob), (_, to_eve) = join(room), join(room, "bob"), join(room, "eve")
    for inbox in (to_ada, to_bob, to_eve):
        inbox.take()

    room.members.broadcast.add(b"1", ada)
    room.members.broadcast.add(b"2", bob)
    room.members.broadcast.add(b"3", ada)
    room.members.broadcast.add(b"4")
    assert [to_ada.frames, to_bob.frames, to_eve.frames] == [[], [], []]
    room.members.broadcast.flush()
    room.members.broadcast.flush()

    assert to_ada.take() == [b"<2><4>"]
    assert to_bob.take() == [b"<1><3><4>"]
    assert to_eve.take() == [b"<1><2><3><4>"]
    assert later.flushes == 1


def test_broadcast_of_somebody_alone_encodes_nothing() -> None:
    """Nobody else gets the frame, which may have megabytes. The server's frames are sent."""
    encoded: list[bytes] = []
    later = Later()

    def encode(frame: bytes) -> bytes:
        encoded.append(frame)
        return frame

    room = make_room(encode=encode, scheduler=later)
    ada, to_ada = join(room)
    to_ada.take()

    room.members.broadcast.add(b"1", ada)
    assert (encoded, later.flushes) == ([], 0)
    room.members.broadcast.add(b"2")
    room.members.broadcast.flush()

    assert to_ada.take() == [b"2"]


def test_broadcast_delivers_frames_before_close() -> None:
    """A frame is sent before its receiver's connection is closed in the same turn."""
    room = make_room(scheduler=Later())
    (ada, _), (bob, to_bob) = join(room), join(room, "bob")
    to_bob.take()
    update = Typist(5).insert(0, "last words")
    room.receive(ada, y_protocol.sync_update(update), NOW)
    room.members.close([bob], CloseReason.MEMBER_REMOVED)

    assert to_bob.take() == [y_protocol.sync_update(update)]
    assert to_bob.closed == (CloseReason.MEMBER_REMOVED, "")


def test_broadcast_joins_presence_into_one_frame() -> None:
    """One frame has the newest state of each client.

    A client does not receive a frame that has only its own state.
    """
    later = Later()
    room = make_room(scheduler=later)
    (ada, to_ada), (bob, to_bob) = join(room), join(room, "bob")
    for inbox in (to_ada, to_bob):
        inbox.take()
    room.members.presence.hear(ada, [AwarenessEntry(1, 1, "{}")], NOW)
    room.members.presence.hear(ada, [AwarenessEntry(1, 2, "{}")], NOW + 1_000)
    room.members.presence.publish()
    room.members.broadcast.flush()
    assert to_ada.take() == [y_protocol.awareness_update([AwarenessEntry(1, 1, None)])]
    (frame,) = to_bob.take()
    (entry,) = presence_in(frame)
    assert (entry.client_id, entry.clock) == (1, 2)

    room.members.presence.hear(ada, [AwarenessEntry(1, 3, "{}")], NOW + 2_000)
    room.members.presence.hear(bob, [AwarenessEntry(2, 1, "{}")], NOW + 2_000)
    to_bob.take()
    room.members.presence.publish()
    room.members.presence.publish()
    room.members.broadcast.flush()
    assert to_ada.frames == to_bob.frames
    assert [entry.client_id for entry in presence_in(to_ada.take()[0])] == [1, 2]
    assert later.publications == 2
