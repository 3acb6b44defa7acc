"""Tests of counting the bytes of a state for each author."""

from crdt.structs.garbage.author_bytes import bytes_by_author
from crdt.wire.raw_merge import merge
from crdt.wire.update_parser import parse
from tests.crdt.struct_bytes import text, update_of


def test_bytes_by_author_counts_clients_of_one_user_together() -> None:
    """The bytes of all clients of one user are added up.

    A client without an owner does not count.
    """
    updates = [update_of(text("x" * length), client=length) for length in (20, 30, 40)]

    sizes = bytes_by_author(parse(merge(updates)), {20: "ada", 30: "ada"})

    assert sizes.keys() == {"ada"}
    assert 50 < sizes["ada"] < 100
