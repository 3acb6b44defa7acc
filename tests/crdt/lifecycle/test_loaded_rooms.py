"""Tests of the table of the rooms in memory."""

from crdt.lifecycle.loaded_rooms import LoadedRooms
from crdt.room.closing import CloseReason
from tests.crdt.harness import join, make_room


def test_lost_room_is_closed_and_unloaded() -> None:
    """A lost room tells its clients to reconnect, and is not loaded any more."""
    loaded, room = LoadedRooms(), make_room()
    loaded.add(room)
    _, inbox = join(room)

    loaded.lost(room)

    assert inbox.closed == (CloseReason.RESTART, "")
    assert loaded.get(room.session_id) is None
    assert len(loaded) == 0


def test_loss_of_earlier_room_does_not_affect_new_room() -> None:
    """After a session is loaded again, the loss of its old room does not affect the new room."""
    loaded, old, new = LoadedRooms(), make_room(), make_room()
    loaded.add(old)
    loaded.remove(old)
    loaded.add(new)
    _, inbox = join(new)

    loaded.lost(old)
    loaded.remove(old)

    assert inbox.closed is None
    assert new in loaded
    assert old not in loaded


def test_iteration_during_removal_sees_all_rooms() -> None:
    """Maintenance closes rooms while it iterates over them."""
    loaded, room = LoadedRooms(), make_room()
    loaded.add(room)

    for document in loaded:
        loaded.remove(document)

    assert list(loaded) == []
