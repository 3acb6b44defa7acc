"""Tests of awareness: the presence states of clients, with their clocks."""

import json
from typing import Any

import pytest

from crdt.limits import AwarenessLimits, LimitCounters
from crdt.room.awareness import MAX_AWARENESS_CLOCK, Awareness
from crdt.wire.y_protocol import AwarenessEntry

ADA: dict[str, Any] = {
    "id": "ada",
    "name": "Ada",
    "color": "#111",
    "colorLight": "#1113",
    "avatar": None,
}
BOB: dict[str, Any] = {
    "id": "bob",
    "name": "Bob",
    "color": "#222",
    "colorLight": "#2223",
    "avatar": None,
}


class Table:
    """An `Awareness`, and the sets of client ids of two users' connections."""

    def __init__(self, **limits: int) -> None:
        self.awareness = Awareness(AwarenessLimits(**limits), LimitCounters())
        self.own: dict[str, set[int]] = {"ada": set(), "bob": set()}
        self.owners: dict[int, str] = {}

    def say(
        self, user: dict[str, Any], client_id: int, clock: int, state: str | None
    ) -> list[AwarenessEntry]:
        """Apply one entry, and return the entries that changed."""
        entry = AwarenessEntry(client_id, clock, state)
        return self.awareness.apply([entry], user, self.own[user["id"]], self.owners)[0]


def test_awareness_state_has_true_user() -> None:
    """A client cannot make up its user's name, but its other presence data stays."""
    table = Table()

    (entry,) = table.say(ADA, 1, 1, '{"cursor":{"anchor":3},"user":{"name":"Eve","mood":"sly"}}')

    assert json.loads(entry.state or "") == {
        "cursor": {"anchor": 3},
        "user": {**ADA, "mood": "sly"},
    }
    assert table.own["ada"] == {1}
    assert table.awareness.states() == [entry]


def test_awareness_state_with_older_or_equal_clock_is_ignored() -> None:
    """An older or equal clock changes nothing, except that an equal clock can remove a state."""
    table = Table()
    table.say(ADA, 1, 5, "{}")

    assert table.say(ADA, 1, 4, '{"a":1}') == []
    assert table.say(ADA, 1, 5, '{"a":1}') == []
    assert table.say(ADA, 1, 5, None) == [AwarenessEntry(1, 5, None)]
    assert table.say(ADA, 1, 5, None) == []
    assert len(table.say(ADA, 1, 6, "{}")) == 1


def test_awareness_of_other_users_client_id_is_ignored() -> None:
    """A user cannot speak for another user's client id.

    This holds for clients that are present, clients that left, and ids owned in the
    document.
    """
    table = Table()
    table.owners[9] = "ada"
    table.say(ADA, 1, 1, "{}")

    assert table.say(BOB, 1, 2, '{"fake":1}') == []
    assert table.say(BOB, 1, 2, None) == []
    table.awareness.remove([1])
    assert table.say(BOB, 1, 9, "{}") == []
    assert table.say(BOB, 9, 1, "{}") == []


def test_awareness_of_removed_client_with_same_clock_is_returned_to_sender() -> None:
    """A removed client that sends its old clock gets the removal back.

    A living client then raises its clock.
    """
    table = Table()
    table.say(ADA, 1, 3, "{}")

    assert table.awareness.remove([1, 2]) == [AwarenessEntry(1, 3, None)]
    changed, bounced = table.awareness.apply([AwarenessEntry(1, 3, "{}")], ADA, set(), {})

    assert (changed, bounced) == ([], [AwarenessEntry(1, 3, None)])
    assert len(table.say(ADA, 1, 4, "{}")) == 1


def test_awareness_clock_beyond_bound_is_ignored() -> None:
    """A clock above 2³¹ − 1 is ignored, and so is the removal of an unknown client."""
    table = Table()

    assert table.say(ADA, 1, MAX_AWARENESS_CLOCK + 1, "{}") == []
    assert table.say(ADA, 1, 1, None) == []
    assert len(table.say(ADA, 1, MAX_AWARENESS_CLOCK, "{}")) == 1


@pytest.mark.parametrize(
    "state",
    [
        "[]", "1", '"x"', "{", "NaN", '{"a":NaN}', '{"a":1e999}', "[" * 5000,
        '{"a":' * 9 + "{}" + "}" * 9,
        '{"long":"' + "x" * 4096 + '"}',
    ],
    ids=lambda state: state[:12],
)  # fmt: skip
def test_awareness_state_that_is_not_small_json_object_is_ignored(state: str) -> None:
    """Only JSON objects of up to 4 KiB and eight levels are accepted."""
    assert Table().say(ADA, 1, 1, state) == []


def test_awareness_state_at_size_and_depth_limits_passes() -> None:
    """Eight levels and 4,096 bytes pass, and half a surrogate pair becomes an escape."""
    table = Table()
    deep = '{"a":' * 7 + "[]" + "}" * 7
    wide = '{"a":"' + "x" * (4096 - 8) + '"}'

    assert len(table.say(ADA, 1, 1, deep)) == 1
    assert len(table.say(ADA, 1, 2, wide)) == 1
    assert r"\ud800" in (table.say(ADA, 1, 3, '{"a":"\\ud800"}')[0].state or "")


def test_awareness_of_fifth_client_id_of_a_connection_is_ignored() -> None:
    """A connection can have at most four client ids."""
    table = Table()

    assert [len(table.say(ADA, number, 1, "{}")) for number in range(6)] == [1, 1, 1, 1, 0, 0]


def test_awareness_rename_raises_clock_of_all_states() -> None:
    """All states of a renamed user get the new name and the next clock."""
    table = Table()
    table.say(ADA, 1, 1, '{"cursor":1}')
    table.say(BOB, 2, 1, "{}")

    (entry,) = table.awareness.rename({**ADA, "name": "Countess"})

    assert (entry.client_id, entry.clock) == (1, 2)
    assert json.loads(entry.state or "")["user"]["name"] == "Countess"


def test_awareness_memory_of_departed_clients_is_bounded() -> None:
    """At most 4,096 clients are remembered, and a present client is never forgotten."""
    table = Table(clients_per_connection=10_000)
    table.say(BOB, 1, 1, "{}")
    for client_id in range(2, 5_000):
        table.say(ADA, client_id, 1, "{}")
        table.awareness.remove([client_id])

    assert len(table.awareness._table) == 4_096
    assert len(table.awareness.states()) == 1
