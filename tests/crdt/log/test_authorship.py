"""Tests of authorship: the user who brought each struct, and the time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crdt.errors import RoomDamaged
from crdt.log import authorship, codec
from crdt.log.authorship import Authorship
from crdt.wire.lib0 import write_var_bytes, write_var_uint
from crdt.wire.parsed_update import Parsed

NOW = 1_700_000_000_000


def structs(client: int, first: int, after: int) -> Parsed:
    parsed = Parsed()
    parsed.spans = {client: (first, after)}
    return parsed


def everything(authorship: Authorship) -> dict[int, list[tuple[int, int, str]]]:
    return {
        client: authorship.of(client, 0, after) for client, after in authorship.clients().items()
    }


def test_authorship_of_range_has_time_and_user_of_each_part() -> None:
    """Each part has the time and the user of its arrival. A repeated part keeps its first user."""
    authorship = Authorship()
    authorship.note(structs(5, 0, 3), NOW, "ada")
    authorship.note(structs(5, 2, 6), NOW + 5_000, "bob")
    authorship.note(structs(5, 0, 6), NOW + 90_000, "eve")

    assert authorship.of(5, 0, 6) == [(0, NOW, "ada"), (3, NOW + 5_000, "bob")]
    assert authorship.of(5, 1, 3) == [(1, NOW, "ada")]
    assert authorship.of(5, 4, 5) == [(4, NOW + 5_000, "bob")]
    assert authorship.of(6, 0, 1) == []


def test_authorship_joins_records_within_two_seconds() -> None:
    """Typing makes at most one record in two seconds. Another user's structs make a new record."""
    authorship = Authorship()
    for number in range(50):
        authorship.note(structs(5, number, number + 1), NOW + 100 * number, "ada")
    authorship.note(structs(5, 50, 51), NOW + 5_000, "bob")

    assert authorship.of(5, 0, 51) == [
        (0, NOW, "ada"), (20, NOW + 2_000, "ada"), (40, NOW + 4_000, "ada"),
        (50, NOW + 5_000, "bob")
    ]  # fmt: skip


edits = st.lists(
    st.tuples(st.integers(0, 3), st.integers(1, 50), st.integers(0, 2**41), st.sampled_from("abc"))
)


@given(edits, st.dictionaries(st.integers(0, 2**53 - 1), st.text(max_size=8)))
def test_authorship_after_packing_is_unchanged(
    made: list[tuple[int, int, int, str]], owners: dict[int, str]
) -> None:
    """Packing keeps owners and records, and later structs are noted in the same way."""
    noted, clocks = Authorship(), dict.fromkeys(range(4), 0)
    for client, size, at, user in made:
        noted.note(structs(client, clocks[client], clocks[client] + size), at, user)
        clocks[client] += size

    unpacked_owners, unpacked = authorship.decode(authorship.encode(owners, noted))

    assert unpacked is not None
    assert (unpacked_owners, everything(unpacked)) == (owners, everything(noted))
    for table in (noted, unpacked):
        table.note(structs(0, clocks[0], clocks[0] + 1), 2**41 + 9_000, "later")
    assert everything(unpacked) == everything(noted)


def test_authorship_of_earlier_releases_has_only_owners() -> None:
    """Data of earlier releases has the owners of client ids, but no user and time for a struct."""
    old = (
        b"\x02"
        + write_var_bytes(b"ada")
        + write_var_bytes(b"bob")
        + write_var_uint(5)
        + b"\x01"
        + b"\x07\x00"
    )

    assert authorship.decode(codec.with_checksum(old)) == ({5: "bob", 7: "ada"}, None)
    assert authorship.decode(codec.with_checksum(b"\x00")) == ({}, None)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x01\x05ab",
        b"\x00\x01\x07",
        b"\x01\x02\xc3\x28",
        b"\x00\x02",
        b"\x00\x02\x00\x05\x02",
        b"\x00\x02\x00\x05\x00\x01\x01\x00",
    ],
)
def test_authorship_with_valid_checksum_but_invalid_content_is_damaged(body: bytes) -> None:
    with pytest.raises(RoomDamaged):
        authorship.decode(codec.with_checksum(body))


def test_authorship_reassigned_in_the_middle_keeps_the_rest() -> None:
    authorship = Authorship()
    authorship.add(5, 0, 4, 1_000, "ada")
    authorship.add(5, 4, 10, 2_000, "bob")
    authorship.add(5, 10, 12, 3_000, "cleo")

    authorship.reassign(5, 6, 11, "ada")

    assert authorship.of(5, 0, 12) == [
        (0, 1_000_000, "ada"),
        (4, 2_000_000, "bob"),
        (6, 2_000_000, "ada"),
        (10, 3_000_000, "ada"),
        (11, 3_000_000, "cleo"),
    ]
    assert authorship.clients() == {5: 12}
    assert authorship.first_of_others(5, "ada") == 4
    assert authorship.first_of_others(5, "dora") == 0
