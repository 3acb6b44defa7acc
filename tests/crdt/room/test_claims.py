"""Tests of claims: which user owns which client ids.

An honest browser may bring text that other users typed. No user can edit in another
user's name.
"""

from dataclasses import replace

import pytest

from crdt.lifecycle.stepwise.room_steps import prepare
from crdt.room.closing import CloseReason
from crdt.room.connection import Connection
from crdt.room.incoming import Incoming, UpdateKind
from crdt.room.room import Room
from crdt.steps import run_through
from crdt.wire import y_protocol
from crdt.wire.content import ANY, EMBED, FORMAT, TYPE
from crdt.wire.update_parser import parse
from tests.crdt.harness import NOW, Inbox, Typist, announce, join, make_room, send
from tests.crdt.struct_bytes import placed, text, update_of, value
from tests.fuzz.structure import Struct

ADAS, BOBS = 5, 6


def answer(
    room: Room, connection: Connection, typist: Typist, clocks: dict[int, int] | None = None
) -> None:
    """Send the client's structs that the document lacks, or its structs after `clocks`."""
    known = y_protocol.state_vector(room.index.clocks if clocks is None else clocks)
    room.receive(connection, y_protocol.sync_step2(bytes(typist.doc.get_update(known))), NOW)


def asked(inbox: Inbox) -> list[dict[int, int]]:
    """Return the clocks of the questions among the frames since the last call."""
    messages = [y_protocol.decode(frame) for frame in inbox.take()]
    return [
        y_protocol.decode_state_vector(message.state_vector)
        for message in messages
        if isinstance(message, y_protocol.SyncStep1)
    ]


def brought(room: Room, client_id: int) -> list[tuple[int, str]]:
    """Return (first clock, user who brought the part) for each part of a client's structs."""
    parts = room.contributions.authorship.of(client_id, 0, room.index.clocks[client_id])
    return [(clock, user) for clock, _, user in parts]


@pytest.fixture
def room() -> Room:
    return make_room()


@pytest.fixture
def ada() -> Typist:
    return Typist(ADAS)


@pytest.fixture
def bob(ada: Typist) -> Typist:
    """Return Bob's client.

    Bob has received all text that Ada typed offline, and has typed a "b" after it.
    """
    ada.insert(0, "a")
    ada.insert(1, "lost")
    typist = Typist(BOBS)
    typist.hear(bytes(ada.doc.get_update()))
    typist.insert(5, "b")
    return typist


def began(room: Room, ada: Typist) -> tuple[Connection, Inbox]:
    """Let Ada announce a client id, and send only the first letter."""
    connection, inbox = join(room, "ada")
    announce(room, connection, ADAS)
    send(room, connection, ada.made[0])
    return connection, inbox


def test_answer_with_edits_of_absent_user_is_taken_and_marked(
    room: Room, ada: Typist, bob: Typist, caplog: pytest.LogCaptureFixture
) -> None:
    """A log line says once that a user brought edits of others that the session lacked.

    For an operator, it may be the only sign that a backup was restored.
    """
    caplog.set_level("INFO", "crdt.room.room")
    room.members.leave(began(room, ada)[0])
    at_bob, inbox = join(room, "bob")
    announce(room, at_bob, BOBS)

    answer(room, at_bob, bob)

    assert inbox.closed is None
    assert room.files() == {"codemirror": "alostb"}
    assert room.index.owners == {ADAS: "ada", BOBS: "bob"}
    assert brought(room, ADAS) == [(0, "ada"), (1, "bob")]
    (logged,) = caplog.messages
    assert logged.startswith("user bob brought edits of others that session session lacked")
    bob.hear(ada.insert(0, "again"))
    answer(room, at_bob, bob)
    assert room.files() == {"codemirror": "againalostb"}
    assert len(caplog.messages) == 1


def test_answer_claims_only_ids_that_its_sender_announced(
    room: Room, ada: Typist, bob: Typist
) -> None:
    """An id of a user who never connected has no owner until that user announces it."""
    at_bob, _ = join(room, "bob")
    announce(room, at_bob, BOBS)
    answer(room, at_bob, bob)

    assert room.index.owners == {BOBS: "bob"}

    at_ada, inbox = join(room, "ada")
    announce(room, at_ada, ADAS)
    assert asked(inbox)[-1][ADAS] == 0
    answer(room, at_ada, ada, {})
    assert room.index.owners[ADAS] == "ada"
    assert brought(room, ADAS) == [(0, "ada")]
    assert inbox.closed is None


def test_edits_of_user_who_joins_during_preparation_are_left_to_them(
    room: Room, ada: Typist, bob: Typist
) -> None:
    """A prepared answer is examined again if the author of its edits has joined meanwhile."""
    room.members.leave(began(room, ada)[0])
    at_bob, _ = join(room, "bob")
    update = bytes(bob.doc.get_update())
    incoming = Incoming(update, "bob", NOW, UpdateKind.ANSWER, at_bob)
    prepared = run_through(prepare(room, incoming, parse(update)))

    announce(room, join(room, "ada")[0], ADAS)
    room.receive(at_bob, y_protocol.sync_step2(update), NOW, prepared)

    assert room.files() == {"codemirror": "a"}


def test_edits_of_present_user_are_left_to_them(room: Room, ada: Typist, bob: Typist) -> None:
    """Neither a live edit nor an answer may bring edits of a user who is present.

    Structs that depend on these edits wait, and come with the next answer.
    """
    at_ada, _ = began(room, ada)
    at_bob, inbox = join(room, "bob")
    announce(room, at_bob, BOBS)

    answer(room, at_bob, bob)
    assert room.files() == {"codemirror": "a"}
    send(room, at_ada, ada.made[1])
    answer(room, at_bob, bob)

    assert room.files() == {"codemirror": "alostb"}
    assert brought(room, ADAS) == [(0, "ada")]
    assert inbox.closed is None


@pytest.mark.parametrize("is_here", [True, False])
def test_live_edit_under_id_of_another_user_is_not_taken(
    room: Room, ada: Typist, *, is_here: bool
) -> None:
    """A live edit under another user's id is dropped, even while that user is away.

    Otherwise it could take the place of edits that the user's browsers still have.
    """
    ada.insert(0, "a")
    at_ada, _ = began(room, ada)
    if not is_here:
        room.members.leave(at_ada)
    thief = Typist(ADAS)
    thief.hear(ada.made[0])
    at_bob, inbox = join(room, "bob")
    announce(room, at_bob, BOBS)
    inbox.take()

    send(room, at_bob, thief.insert(1, "forged"))

    assert room.files() == {"codemirror": "a"}
    assert len(asked(inbox)) == 1


def test_live_edit_under_announced_id_of_another_user_is_not_taken(room: Room) -> None:
    """An announced id is protected before its user has typed anything."""
    at_ada, _ = join(room, "ada")
    announce(room, at_ada, ADAS)
    at_bob, _ = join(room, "bob")

    send(room, at_bob, Typist(ADAS).insert(0, "forged"))

    assert room.files() == {"codemirror": ""}


def test_live_edit_of_other_id_is_claimed_only_without_announced_id(
    room: Room, ada: Typist
) -> None:
    """A client that has announced an id may pass on edits of others, so it claims no other ids.

    A client that has announced no id claims the ids of its edits.
    """
    at_bob, _ = join(room, "bob")
    announce(room, at_bob, BOBS)
    send(room, at_bob, ada.insert(0, "a"))
    assert room.index.owners == {}

    at_cleo, _ = join(room, "cleo")
    send(room, at_cleo, Typist(7, root="codemirror").insert(0, "c"))
    assert room.index.owners == {7: "cleo"}


def test_returning_owner_is_asked_for_structs_that_others_brought(
    room: Room, ada: Typist, bob: Typist
) -> None:
    """The owner is asked for structs that another user brought, and then owns them again."""
    room.members.leave(began(room, ada)[0])
    at_bob, _ = join(room, "bob")
    announce(room, at_bob, BOBS)
    answer(room, at_bob, bob)

    at_ada, inbox = join(room, "ada")
    (clocks,) = asked(inbox)
    answer(room, at_ada, ada, clocks)

    assert clocks == {ADAS: 1, BOBS: 1}
    assert {user for _, user in brought(room, ADAS)} == {"ada"}
    assert inbox.closed is None
    assert asked(join(room, "ada")[1]) == [room.index.clocks]


def test_owner_with_other_edits_under_their_id_is_closed(room: Room, ada: Typist) -> None:
    """The server closes a user with a conflict if the document has other edits under the user's id.

    The document got these edits in a forged answer while the user was offline.
    """
    first = ada.insert(0, "a")
    room.members.leave(began(room, ada)[0])
    forged = Typist(ADAS)
    forged.hear(first)
    forged.insert(1, "fake")
    at_bob, _ = join(room, "bob")
    answer(room, at_bob, forged)
    ada.insert(1, "mine")

    at_ada, inbox = join(room, "ada")
    answer(room, at_ada, ada, asked(inbox)[0])

    assert inbox.closed == (CloseReason.CONFLICT, "")
    assert brought(room, ADAS) == [(0, "ada"), (1, "bob")]


OTHER_CONTENT = {
    "map": (value(), Struct(ANY, 1, b"\x01\x7e"), {"parent": "m", "key": "k"}, {}),
    "array": (value(2), Struct(ANY, 2, b"\x02\x7e\x7e"), {"parent": "l"}, {}),
    "embed": (Struct(EMBED, 1, b"\x011"), Struct(EMBED, 1, b"\x012"), {"parent": "t"}, {}),
    "format": (
        Struct(FORMAT, 1, b"\x01b\x011"),
        Struct(FORMAT, 1, b"\x01b\x012"),
        {"parent": "t"},
        {},
    ),
    "element": (Struct(TYPE, 1, b"\x03\x01p"), Struct(TYPE, 1, b"\x03\x02h1"), {"parent": "x"}, {}),
    "key": (value(), value(), {"parent": "m", "key": "k"}, {"key": "l"}),
    "root": (text("abc"), text("abc"), {"parent": "t"}, {"parent": "u"}),
}
"""{name: (content of the owner, other content, place of both, changes of the other one's place)}"""


@pytest.mark.parametrize("is_forged", [True, False])
@pytest.mark.parametrize("name", OTHER_CONTENT)
def test_owner_with_other_content_of_any_kind_is_closed(
    room: Room, ada: Typist, name: str, *, is_forged: bool
) -> None:
    """The room compares content and place of the owner's structs with those that another brought.

    Equal content belongs to the owner again.
    """
    mine, other, place, change = OTHER_CONTENT[name]
    ada.insert(0, "a")
    room.members.leave(began(room, ada)[0])
    own = update_of(placed(replace(mine), **place), client=ADAS, clock=1)
    forged = update_of(placed(replace(other), **place | change), client=ADAS, clock=1)
    at_bob, _ = join(room, "bob")
    room.receive(at_bob, y_protocol.sync_step2(forged if is_forged else own), NOW)
    assert [user for _, user in brought(room, ADAS)] == ["ada", "bob"]

    at_ada, inbox = join(room, "ada")
    assert asked(inbox)[0][ADAS] == 1
    room.receive(at_ada, y_protocol.sync_step2(own), NOW)

    assert inbox.closed == ((CloseReason.CONFLICT, "") if is_forged else None)
    assert {user for _, user in brought(room, ADAS)} == ({"ada", "bob"} if is_forged else {"ada"})


def test_sender_with_different_known_edits_is_closed_and_own_edits_taken(
    room: Room, ada: Typist
) -> None:
    """A client with other content under a known id is closed, but the room takes its own edits.

    Two users may have extended one template that has a fixed client id.
    """
    room.members.leave(began_with(room, ada, "abc"))
    other = Typist(ADAS)
    other.insert(0, "xyz!")
    own = Typist(BOBS, root="notes")
    own.insert(0, "own")
    own.hear(bytes(other.doc.get_update()))
    at_bob, inbox = join(room, "bob")

    answer(room, at_bob, own, {})

    assert inbox.closed == (CloseReason.CONFLICT, "")
    assert room.files() == {"codemirror": "abc", "notes": "own"}


def began_with(room: Room, typist: Typist, text: str) -> Connection:
    connection, _ = join(room, "ada")
    announce(room, connection, ADAS)
    send(room, connection, typist.insert(0, text))
    return connection


def test_edits_of_present_user_without_presence_are_left_to_them(
    room: Room, ada: Typist, bob: Typist
) -> None:
    at_ada, _ = join(room, "ada")
    send(room, at_ada, ada.made[0])
    at_bob, _ = join(room, "bob")

    answer(room, at_bob, bob)
    assert room.files() == {"codemirror": "a"}
    room.members.leave(at_ada)
    answer(room, at_bob, bob)

    assert room.files() == {"codemirror": "alostb"}
