"""Tests of contributions, which tell who wrote which structs.

Keystrokes are added later, but every answer includes them.
"""

from crdt.log import codec
from crdt.log.authorship import Authorship
from crdt.log.contributions import MAX_TYPED, Contributions
from crdt.log.restore import restore
from crdt.structs.fast_path import SimpleEdit
from crdt.wire import update_parser
from tests.crdt.harness import NOW, Typist, join, make_room, save, send


def test_contributions_include_latest_keystrokes() -> None:
    """Both users count when one deletes the text of the other.

    Each struct stays with the user who wrote it.
    """
    room, ann, bea = make_room(), Typist(5), Typist(6)
    ada, _ = join(room)
    bob, _ = join(room, "bob")
    send(room, ada, ann.insert(0, "a"), NOW)
    bea.hear(ann.made[-1])
    send(room, bob, bea.insert(1, "x"), NOW + 1_000)
    send(room, bob, bea.insert(2, "y"), NOW + 4_000)
    send(room, ada, ann.insert(1, "b"), NOW + 5_000)
    assert len(room.contributions.typed) == 2, (
        "the first keystroke of each user took the slow path, the others wait"
    )

    assert room.contributions.since_version == {"ada": 4, "bob": 3}
    assert room.contributions.typed == []
    send(room, bob, bea.delete(0, 1), NOW + 6_000)

    assert room.contributions.authorship.of(5, 0, 2) == [(0, NOW, "ada"), (1, NOW + 5_000, "ada")]
    assert room.contributions.authorship.of(6, 0, 2) == [
        (0, NOW + 1_000, "bob"),
        (1, NOW + 4_000, "bob"),
    ]
    assert room.contributions.since_version == {"ada": 4, "bob": 5}
    assert (room.contributions.first_edit_at, room.contributions.last_edit_at) == (NOW, NOW + 6_000)


def test_contributions_are_updated_by_save() -> None:
    """A save adds the waiting keystrokes, and the log restores the same contributions."""
    room, typist = make_room(), Typist(5)
    ada, _ = join(room)
    for at in range(20):
        send(room, ada, typist.insert(at, "x"), NOW + 500 * at)
    assert len(room.contributions.typed) == 19

    chunks = save(room)

    assert room.contributions.typed == []
    restored = restore(None, chunks)
    assert restored.contributors == room.contributions.since_version == {"ada": 20}
    assert restored.edited_at == (room.contributions.first_edit_at, room.contributions.last_edit_at)
    assert restored.authorship.of(5, 0, 20) == room.contributions.authorship.of(5, 0, 20)


def test_contributions_waiting_during_store_outage_are_bounded() -> None:
    """While the store is unavailable, keystrokes are added although nothing is saved."""
    room, typist = make_room(), Typist(5)
    ada, _ = join(room)
    for at in range(MAX_TYPED + 3):
        send(room, ada, typist.insert(at, "x"))

    assert len(room.contributions.typed) == 2
    assert room.contributions.since_version == {"ada": MAX_TYPED + 3}


def test_contributions_typed_after_version_count_for_next_version() -> None:
    """A waiting keystroke counts as before or after a version by its position in the log."""
    room, typist = make_room(), Typist(5)
    ada, _ = join(room)
    bob, _ = join(room, "bob")
    send(room, ada, typist.insert(0, "a"))
    send(room, ada, typist.insert(1, "b"))
    send(room, bob, typist.delete(0, 1))
    assert len(room.contributions.typed) == 2

    room.contributions.versioned(2, NOW + 9)

    assert room.contributions.since_version == {"bob": 3}
    assert room.contributions.first_edit_at == NOW + 9


def test_contributions_keep_order_of_keystrokes_and_other_updates() -> None:
    """A waiting keystroke is added before a later update, so the edits stay in order."""
    typist = Typist(5)
    contributions = Contributions(Authorship(), {}, None)
    typist.insert(0, "a")
    edit = SimpleEdit(5, 0, 1, typist.made[-1])
    contributions.note_keystroke(edit, NOW, "ada", 1)
    update = typist.insert(1, "b")

    contributions.note(update_parser.parse(update), codec.LogEntry(NOW + 7_000, "bob", update), 2)

    assert contributions.since_version == {"ada": 1, "bob": 2}
    assert contributions.first_edit_at == NOW
    assert contributions.authorship.of(5, 0, 2) == [(0, NOW, "ada"), (1, NOW + 7_000, "bob")]
