"""Tests of a room, without an event loop and with lists instead of sockets."""

import pytest

from crdt.document.document import Document
from crdt.document.merging import merge
from crdt.errors import (
    DocumentFull,
    DocumentShrinking,
    LimitExceeded,
    ProtocolError,
    RoomUnavailable,
)
from crdt.limits import RoomLimits
from crdt.log import codec
from crdt.log.restore import restore
from crdt.room.closing import CloseReason
from crdt.room.incoming import Prepared
from crdt.wire import y_protocol
from crdt.wire.update_parser import parse
from harness.hostile import B3
from storage.records import Role
from tests.crdt.harness import EMPTY, NOW, Sink, Typist, join, make_room, save, send


def test_join_requests_updates_from_writer_but_not_viewer() -> None:
    """A writer is asked for its edits, and a viewer is not."""
    room = make_room()

    _, writer = join(room)
    _, reader = join(room, "bob", Role.VIEWER)

    assert writer.take() == [bytes.fromhex("00000100")]
    assert reader.take() == []


def test_update_is_relayed_to_others_and_logged() -> None:
    """All clients but the sender get the raw bytes. The log has them with author and time."""
    sink, typist = Sink(), Typist(5)
    room = make_room(sink=sink)
    ada, ada_inbox = join(room)
    _, bob_inbox = join(room, "bob", Role.VIEWER)
    ada_inbox.take()

    update = typist.insert(0, "hi")
    send(room, ada, update)

    assert ada_inbox.take() == []
    assert bob_inbox.take() == [y_protocol.sync_update(update)]
    (chunk,) = save(room)
    assert codec.decode_chunk(chunk.data) == [codec.LogEntry(NOW, "ada", update)]
    assert sink.sizes == [len(update)]
    assert room.files() == {"codemirror": "hi"}
    assert room.contributions.since_version == {"ada": 1}


def test_known_update_is_neither_relayed_nor_logged() -> None:
    """Edits that a client repeats after a reconnect are not relayed or logged again."""
    room, typist = make_room(), Typist(5)
    ada, _ = join(room)
    _, bob_inbox = join(room, "bob")
    send(room, ada, typist.insert(0, "hi"))
    bob_inbox.take()
    save(room)

    room.receive(ada, y_protocol.sync_step2(typist.doc.get_update()), NOW)
    room.receive(ada, y_protocol.sync_step2(EMPTY), NOW)

    assert bob_inbox.take() == []
    assert save(room) == []


def test_large_document_is_sent_once_to_each_connection() -> None:
    """A client that was sent a large document gets an empty answer when it asks again."""
    room = make_room()
    ada, ada_inbox = join(room)
    typist = Typist(5)
    for text in ("x" * 200_000, "y" * 200_000):
        room.receive(ada, y_protocol.sync_update(typist.insert(0, text)), NOW)
    _, bob_inbox = bob = join(room, "bob")
    question, empty = y_protocol.sync_step1({}), y_protocol.sync_step2(b"\x00\x00")
    for inbox in (ada_inbox, bob_inbox):
        inbox.take()

    for _ in range(3):
        room.receive(ada, question, NOW)
    first, *others = ada_inbox.take()
    room.receive(bob[0], question, NOW)

    assert len(first) > 400_000
    assert others == [empty, empty]
    assert bob_inbox.take() == [first]
    later = NOW + 10_000_000
    room.receive(ada, question, later)
    room.receive(ada, y_protocol.sync_step1({5: 400_000}), later + 10_000_000)
    assert ada_inbox.take() == [first, empty]


def test_sync_step1_is_always_answered() -> None:
    """A client gets an answer even for an empty document. A bad state vector is refused."""
    room = make_room()
    ada, inbox = join(room)
    inbox.take()

    room.receive(ada, b"\x00\x00\x01\x00", NOW)
    room.receive(ada, b"\x2a", NOW)

    assert inbox.take() == [y_protocol.sync_step2(EMPTY)]
    with pytest.raises(ProtocolError):
        room.receive(ada, b"\x00\x00\x04\xff\xff\xff\x7f", NOW)


def test_saved_counts_committed_updates_only() -> None:
    """Updates are reported as saved after their commit, in one message with the newest count."""
    room, typist = make_room(), Typist(5)
    ada, inbox = join(room, wants_saved=True)
    for at in range(3):
        send(room, ada, typist.insert(at, "x"))
    inbox.take()

    chunk = room.next_chunk(NOW)
    send(room, ada, typist.insert(3, "y"))
    assert inbox.take() == []
    room.saved()
    assert inbox.take() == [y_protocol.saved(3)]
    assert chunk is not None
    save(room)
    assert inbox.take() == [y_protocol.saved(4)]
    send(room, ada, EMPTY)
    assert inbox.take() == [y_protocol.saved(5)]


def test_client_that_does_not_want_receipts_gets_none() -> None:
    room, typist = make_room(), Typist(5)
    ada, inbox = join(room)
    send(room, ada, typist.insert(0, "x"))
    room.receive(ada, y_protocol.sync_step2(typist.insert(1, "a paste")), NOW)
    inbox.take()

    save(room)

    assert inbox.take() == []
    assert ada.receipts.unsaved is None


def test_known_update_is_saved_only_when_its_structs_are_saved() -> None:
    """An update without new structs counts as saved once the structs that it repeats are saved."""
    room, typist = make_room(), Typist(5)
    ada, _ = join(room)
    bob, bob_inbox = join(room, "bob", wants_saved=True)
    update = typist.insert(0, "x")
    send(room, ada, update)
    bob_inbox.take()

    room.receive(bob, y_protocol.sync_step2(update), NOW)

    assert bob_inbox.take() == []
    save(room)
    assert bob_inbox.take() == [y_protocol.saved(1)]


def test_gap_is_requested_once_and_withholds_saved() -> None:
    """No update of a client counts as saved until the client has answered the room's question."""
    room, typist = make_room(), Typist(5)
    ada, inbox = join(room, wants_saved=True)
    first, second, third = (typist.insert(at, "x") for at in range(3))
    assert first
    inbox.take()

    send(room, ada, second)
    send(room, ada, third)
    save(room)
    assert inbox.take() == [bytes.fromhex("00000100")]
    room.receive(ada, y_protocol.sync_step2(typist.doc.get_update()), NOW)
    save(room)

    assert inbox.take() == [y_protocol.saved(3)]
    assert room.files()["codemirror"] == "xxx"


def test_answer_with_a_hole_is_taken_without_another_question() -> None:
    """A client with a hole in its answer is neither asked again nor closed.

    The structs outside the hole are taken, logged and relayed.
    """
    room, typist = make_room(), Typist(5)
    ada, inbox = join(room, wants_saved=True)
    _, bob_inbox = join(room, "bob")
    updates = [typist.insert(at, "xyz"[at]) for at in range(3)]
    inbox.take()
    bob_inbox.take()

    for _ in range(4):
        room.receive(ada, y_protocol.sync_step2(updates[2]), NOW)
        send(room, ada, updates[2])
    room.receive(ada, y_protocol.sync_step2(updates[0]), NOW)
    save(room)

    assert inbox.take() == [y_protocol.saved(9)]
    assert bob_inbox.take() == [y_protocol.sync_update(updates[0])]
    assert inbox.closed is None


def test_client_is_asked_again_when_the_missing_structs_have_arrived() -> None:
    """Bob's edit builds on a struct of Ada that comes late. When it comes, Bob is asked again."""
    room, typist, other = make_room(), Typist(5), Typist(6)
    ada, _ = join(room)
    bob, inbox = join(room, "bob")
    first, second = typist.insert(0, "a"), typist.insert(1, "b")
    send(room, ada, first)
    other.hear(first)
    other.hear(second)
    built_on_it = other.insert(2, "c")
    inbox.take()

    send(room, bob, built_on_it)
    question = y_protocol.sync_step1({5: 1})
    assert inbox.take() == [question]
    room.receive(bob, y_protocol.sync_step2(built_on_it), NOW)
    send(room, bob, other.insert(3, "d"))
    save(room)
    assert inbox.take() == []

    send(room, ada, second)
    save(room)

    assert [frame[:2] for frame in inbox.take()] == [b"\x00\x02", b"\x00\x00"]
    room.receive(bob, y_protocol.sync_step2(other.doc.get_update()), NOW)
    assert room.files() == {"codemirror": "abcd"}


def test_viewer_edits_are_dropped() -> None:
    """A viewer's updates change nothing, live or in an answer. The viewer is told why only once."""
    room, typist = make_room(), Typist(5)
    viewer, inbox = join(room, "vic", Role.VIEWER, wants_saved=True)
    update = typist.insert(0, "no")

    send(room, viewer, update)
    room.receive(viewer, y_protocol.sync_step2(update), NOW)
    room.receive(viewer, y_protocol.sync_step2(EMPTY), NOW)

    assert inbox.take() == [y_protocol.permission_denied("forbidden: viewers cannot edit")]
    assert room.files() == {"codemirror": ""}
    assert save(room) == []


def test_role_change_takes_effect_on_open_connections() -> None:
    """A promoted viewer is asked for edits. A demoted editor's next update is dropped."""
    room, typist = make_room(), Typist(5)
    vic, inbox = join(room, "vic", Role.VIEWER)
    send(room, vic, typist.insert(0, "a"))
    inbox.take()

    room.members.set_role("vic", Role.EDITOR)
    room.members.set_role("nobody", Role.EDITOR)
    assert inbox.take() == [bytes.fromhex("00000100")]
    room.receive(vic, y_protocol.sync_step2(typist.doc.get_update()), NOW)
    assert room.files() == {"codemirror": "a"}
    room.members.set_role("vic", Role.VIEWER)
    send(room, vic, typist.insert(1, "b"))

    assert room.files() == {"codemirror": "a"}


def test_ended_session_accepts_no_edits_until_reopened() -> None:
    """Nobody can edit an ended session. After a reopening, writers are asked for their edits."""
    room, typist = make_room(), Typist(5)
    ada, inbox = join(room)
    _, viewer = join(room, "vic", Role.VIEWER)
    inbox.take()

    room.members.set_open(is_open=False)
    send(room, ada, typist.insert(0, "a"))
    assert inbox.take() == [y_protocol.permission_denied("session_ended: nobody can edit")]
    room.members.set_open(is_open=True)

    assert inbox.take() == [bytes.fromhex("00000100")]
    assert viewer.take() == []


def test_closed_connection_is_not_read() -> None:
    """An update that a closed client sent before it noticed the close changes nothing."""
    room, typist = make_room(), Typist(5)
    ada, inbox = join(room)

    room.members.close([ada], CloseReason.MEMBER_REMOVED)
    send(room, ada, typist.insert(0, "late"))

    assert inbox.closed == (CloseReason.MEMBER_REMOVED, "")
    assert room.files() == {"codemirror": ""}
    assert room.is_used is False


@pytest.mark.parametrize(("size", "fits"), [(100, True), (101, False)])
def test_update_over_size_limit_is_refused(size: int, fits: bool) -> None:
    """A live update may have as many bytes as its limit, and an answer has a higher limit."""
    update = Typist(5).insert(0, "x" * (size - 19))
    assert len(update) == size
    room = make_room(limits=RoomLimits(update_bytes=100, sync_bytes=101))
    ada, _ = join(room)

    if fits:
        send(room, ada, update)
    else:
        with pytest.raises(LimitExceeded, match="over 100 bytes"):
            send(room, ada, update)
        room.receive(ada, y_protocol.sync_step2(update), NOW)
    assert len(room.files()["codemirror"]) == size - 19


def test_text_over_size_limit_is_refused() -> None:
    """The text may grow to its limit but not above it, and deleting makes room again."""
    room, typist = make_room(limits=RoomLimits(text_bytes=100)), Typist(5)
    ada, _ = join(room)
    for _ in range(3):
        send(room, ada, typist.insert(0, "x" * 100))
        send(room, ada, typist.delete(0, 100))
    send(room, ada, typist.insert(0, "x" * 100))

    with pytest.raises(DocumentFull, match="100 bytes"):
        send(room, ada, typist.insert(0, "y"))

    assert room.files() == {"codemirror": "x" * 100}
    with pytest.raises(DocumentFull):
        room.edit("ada", {room.main_root: "z" * 101}, NOW)


def test_state_over_size_limit_is_refused() -> None:
    """An update that brings the state over twice its limit is refused.

    The error is DocumentShrinking until the size of the merged state is known, then DocumentFull.
    """
    room, typist = make_room(limits=RoomLimits(state_bytes=100)), Typist(5)
    ada, _ = join(room)
    send(room, ada, typist.insert(0, "x" * 150))

    update = typist.insert(0, "y" * 50)
    with pytest.raises(DocumentShrinking):
        send(room, ada, update)
    room.quota.note_remaining({})
    with pytest.raises(DocumentFull, match="state"):
        send(room, ada, update)


def test_update_over_limit_of_unsaved_bytes_is_refused() -> None:
    """A room refuses updates while too many bytes are unsaved, and takes them after a save."""
    room, typist = make_room(limits=RoomLimits(unsaved_bytes=100)), Typist(5)
    ada, _ = join(room)
    send(room, ada, typist.insert(0, "x" * 80))
    second = typist.insert(0, "y")

    with pytest.raises(RoomUnavailable):
        send(room, ada, second)
    save(room)
    send(room, ada, second)

    assert room.files() == {"codemirror": "y" + "x" * 80}


def test_carried_structs_after_crash_are_accepted_in_answer_only() -> None:
    """After a crash, a client may bring lost edits of other users, but only in an answer."""
    lost, carrier = Typist(5), Typist(6)
    first = lost.insert(0, "a")
    carrier.hear(first)
    own = carrier.insert(1, "b")
    room = make_room(accepts_foreign=True)
    bob, _ = join(room, "bob")
    bob.announced.client_ids.add(6)

    room.receive(bob, y_protocol.sync_step2(carrier.doc.get_update()), NOW)

    assert room.files() == {"codemirror": "ab"}
    assert room.index.owners == {6: "bob"}
    assert own
    (chunk,) = save(room)
    assert codec.decode_chunk(chunk.data)[0].has_foreign_structs is True
    ada, _ = join(room, "ada")
    send(room, ada, lost.insert(0, "c"))
    # The "c" is left out, because Ada's client has not shown its "a" yet.
    assert room.files() == {"codemirror": "ab"}
    room.receive(ada, y_protocol.sync_step2(lost.doc.get_update()), NOW)
    send(room, ada, lost.insert(0, "d"))
    assert room.files() == {"codemirror": "dcab"}
    assert room.index.owners[5] == "ada"


def test_edits_through_api_are_relayed_and_logged_as_edits_of_author() -> None:
    """API edits are small.

    They are relayed and logged under their author, and one can follow another.
    """
    numbers = iter([4, 99])
    room, typist = make_room(random_below=lambda _: next(numbers)), Typist(5)
    ada, inbox = join(room)
    send(room, ada, typist.insert(0, "one two three"))
    inbox.take()

    room.edit("bob", {room.main_root: "one 2 three"}, NOW)
    room.edit("bob", {room.main_root: "one 2 three"}, NOW)
    room.edit("bob", {room.main_root: "one 2 3"}, NOW)

    updates = inbox.updates()
    assert len(updates) == 2
    assert all(len(update) < 40 for update in updates)
    assert room.index.owners == {5: "ada", 100: "bob"}
    assert room.contributions.since_version == {"ada": 1, "bob": 3}
    chunks = save(room)
    assert [entry.author for entry in codec.decode_chunk(chunks[0].data)] == ["ada", "bob", "bob"]
    reloaded = make_room(restore(None, chunks))
    assert reloaded.files() == {"codemirror": "one 2 3"}


def test_text_with_half_a_character_is_shown_as_in_yjs() -> None:
    """A client may delete half a surrogate pair, and the text is then as Yjs shows it."""
    room, typist = make_room(), Typist(5)
    ada, _ = join(room)
    send(room, ada, typist.insert(0, "x😀"))
    send(room, ada, bytes.fromhex("000105010101"))
    send(room, ada, bytes.fromhex("01010503840502017900"))

    assert room.files() == {"codemirror": "x\ufffdy"}


def test_version_keeps_later_contributors_for_next_version() -> None:
    """A user who edited after the version's position counts for the next version."""
    room, typist = make_room(), Typist(5)
    ada, _ = join(room)
    send(room, ada, typist.insert(0, "a"), NOW)
    room.edit("bob", {room.main_root: "ab"}, NOW + 5)

    room.contributions.versioned(1, NOW + 9)

    assert room.contributions.since_version == {"bob": 2}
    assert (room.contributions.first_edit_at, room.contributions.last_edit_at) == (NOW + 9, NOW + 5)


def test_large_update_already_scanned_is_accepted() -> None:
    """A room accepts a large update that another caller has already scanned."""
    room = make_room()
    ada, _ = join(room)

    room.receive(ada, y_protocol.sync_step2(B3), NOW, Prepared(parse(B3)))

    assert room.files()["text"] == "abcabcabc"


def test_known_structs_with_different_content_are_not_taken() -> None:
    """Only new structs reach the document, the log and the other clients."""
    room = make_room()
    ada, _ = join(room)
    _, bobs = join(room, "bob")
    send(room, ada, Typist(5).insert(0, "known"))
    other = Typist(5)
    other.insert(0, "FORGE")
    other.insert(5, "D")
    forged = merge(other.made)

    send(room, ada, forged)

    assert room.files() == {"codemirror": "knownD"}
    (chunk,) = save(room)
    logged = [entry.update for entry in codec.decode_chunk(chunk.data)]
    assert b"FORGE" not in b"".join(logged)
    assert Document(merge(logged)).texts(["codemirror"]) == {"codemirror": "knownD"}
    assert b"FORGE" not in b"".join(bobs.take())


def test_known_structs_with_new_deletions_apply_deletions_only() -> None:
    """New deletions are applied, and the known structs in their update are ignored."""
    room = make_room()
    ada, _ = join(room)
    send(room, ada, Typist(5).insert(0, "known"))
    save(room)
    other = Typist(5)
    other.insert(0, "FORGE")
    other.delete(0, 2)

    send(room, ada, merge(other.made))

    assert room.files() == {"codemirror": "own"}
    (chunk,) = save(room)
    assert [entry.update for entry in codec.decode_chunk(chunk.data)] == [
        bytes.fromhex("00010501") + b"\x00\x02"
    ]
