"""Tests of presence: which clients receive it, and how often."""

import json

from crdt.wire import y_protocol
from crdt.wire.y_protocol import AwarenessEntry, AwarenessUpdate
from tests.crdt.harness import NOW, Immediately, Inbox, join, make_room
from tests.narrowing import required


def say(room, connection, client_id: int, clock: int, state: str | None, now: int = NOW) -> None:
    room.receive(
        connection, y_protocol.awareness_update([AwarenessEntry(client_id, clock, state)]), now
    )


def heard(inbox: Inbox) -> list[AwarenessEntry]:
    """Return the presence entries received since the last call."""
    messages = [y_protocol.decode(frame) for frame in inbox.take()]
    return [
        entry
        for message in messages
        if isinstance(message, AwarenessUpdate)
        for entry in message.entries
    ]


def test_presence_reaches_others_and_newcomers() -> None:
    """A state is sent to the other clients. A newcomer gets it on joining and on asking."""
    room = make_room()
    ada, ada_inbox = join(room, "ada")
    _, bob_inbox = join(room, "bob")
    ada_inbox.take()

    say(room, ada, 1, 1, '{"cursor":2}')

    (entry,) = heard(bob_inbox)
    assert json.loads(entry.state or "")["user"]["name"] == "Ada"
    assert heard(ada_inbox) == [AwarenessEntry(1, 1, None)]
    say(room, ada, 1, 2, '{"cursor":2}', NOW + 1_000)
    (entry,) = heard(bob_inbox)
    assert heard(ada_inbox) == []
    carol, carol_inbox = join(room, "carol")
    assert heard(carol_inbox) == [entry]
    room.receive(carol, b"\x03", NOW)
    assert heard(carol_inbox) == [entry]


def test_presence_of_leaver_is_removed_unless_taken_over() -> None:
    """A closed connection's clients are removed, unless a newer connection took them over."""
    room = make_room()
    old, _ = join(room, "ada")
    say(room, old, 1, 1, "{}")
    new, _ = join(room, "ada")
    say(room, new, 1, 2, "{}")
    _, watcher = join(room, "bob")
    watcher.take()

    room.members.leave(old)
    assert heard(watcher) == []
    room.members.leave(new)
    room.members.leave(new)

    assert heard(watcher) == [AwarenessEntry(1, 2, None)]


def test_presence_of_reconnecting_client_is_returned_to_raise_clock() -> None:
    """A client that returns with the clock of its removal gets the removal back."""
    room = make_room()
    old, _ = join(room, "ada")
    say(room, old, 1, 5, "{}")
    room.members.leave(old)
    new, inbox = join(room, "ada")
    inbox.take()

    say(room, new, 1, 5, "{}")

    assert heard(inbox) == [AwarenessEntry(1, 5, None)]


def test_presence_of_unknown_client_is_returned_once_to_raise_clock() -> None:
    """An unknown client gets its own entry back once, so that it raises its clock.

    After a restart, the other clients remember a higher clock, and would ignore the client's
    presence.
    """
    room = make_room()
    ada, inbox = join(room, "ada")
    _, others = join(room, "bob")
    others.take()
    say(room, ada, 1, 5, "{}")
    assert heard(inbox) == [AwarenessEntry(1, 5, None)]

    say(room, ada, 1, 6, "{}", NOW + 1)
    room.members.presence.tick(NOW + 100)

    assert [entry.clock for entry in heard(others)] == [5, 6]
    assert heard(inbox) == []


def test_presence_within_interval_keeps_newest_state() -> None:
    """Within an interval only a client's newest state is kept, and the next tick applies it."""
    scheduler = Immediately()
    room = make_room(scheduler=scheduler)
    ada, _ = join(room, "ada")
    _, watcher = join(room, "bob")
    watcher.take()
    for clock in range(1, 50):
        say(room, ada, 1, clock, f'{{"cursor":{clock}}}', NOW + clock)

    assert len(heard(watcher)) == 1
    assert room.members.presence.tick(NOW + 60) is True
    assert heard(watcher) == []
    assert room.members.presence.tick(NOW + 101) is False

    (entry,) = heard(watcher)
    assert (entry.clock, json.loads(entry.state or "")["cursor"]) == (49, 49)
    assert scheduler.late
    assert room.members.presence.tick(NOW + 300) is False


def test_presence_of_many_client_ids_is_bounded() -> None:
    """Only eight entries of a flood of made-up client ids are kept."""
    room = make_room()
    ada, _ = join(room, "ada")
    say(room, ada, 1, 1, "{}")
    for client_id in range(1_000):
        say(room, ada, client_id, 2, "{}", NOW + 1)

    assert len(required(ada.announced.late)) == 8


def test_presence_echoed_by_a_provider_does_not_replace_own_state() -> None:
    """A client's own cursor is kept although its provider echoed eleven other cursors before."""
    room = make_room()
    people = [join(room, f"user{number}")[0] for number in range(12)]
    for number, connection in enumerate(people):
        say(room, connection, number + 1, 1, "{}")
    for number in range(1, 12):
        say(room, people[0], number + 1, 1, "{}", NOW + 1)
    _, watcher = join(room, "watcher")
    watcher.take()

    say(room, people[0], 1, 2, '{"cursor":5}', NOW + 2)
    room.members.presence.tick(NOW + 200)

    (entry,) = heard(watcher)
    assert (entry.client_id, entry.clock) == (1, 2)


def test_presence_rename_reaches_all_and_raises_own_clock() -> None:
    """Other clients see the new name, and the user's own client learns the raised clock."""
    room = make_room()
    ada, ada_inbox = join(room, "ada")
    _, watcher = join(room, "bob")
    say(room, ada, 1, 1, "{}")
    ada_inbox.take()
    watcher.take()

    room.members.rename({**ada.user, "name": "Countess"})
    room.members.rename({**ada.user, "id": "nobody"})

    (entry,) = heard(watcher)
    assert json.loads(entry.state or "")["user"]["name"] == "Countess"
    assert heard(ada_inbox)[-1] == AwarenessEntry(1, 2, None)
    assert ada.user["name"] == "Countess"
