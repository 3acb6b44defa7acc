"""Packed ids."""

from crdt.wire.lib0 import MAX_SAFE_INTEGER
from crdt.wire.struct_id import MAX_CLOCK, client_of, clock_of, pack_id


def test_packed_id_gives_back_client_and_clock() -> None:
    """At the bounds of both, too."""
    for client in (0, 1, 3_000_000_000, MAX_SAFE_INTEGER):
        for clock in (0, 1, MAX_CLOCK):
            packed = pack_id(client, clock)
            assert (client_of(packed), clock_of(packed)) == (client, clock)


def test_packed_ids_of_one_client_are_consecutive() -> None:
    """The parser and the compaction find the struct before another one by subtracting one."""
    assert pack_id(7, 4) - 1 == pack_id(7, 3)
