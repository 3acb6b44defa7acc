"""Tests of the share of a document that each author may fill."""

from crdt.document import author_shares
from crdt.document.author_shares import AuthorShares


def test_shares_of_new_document_are_counted_when_one_can_be_full() -> None:
    shares = AuthorShares(1_000)

    assert (shares.over, shares.recount_at) == (set(), 1_000)


def test_count_names_authors_over_their_share() -> None:
    """An author whose share is filled exactly is not over it."""
    shares = AuthorShares(1_000_000)

    shares.count({"ada": 1_000_000, "bob": 1_000_001}, 3_000_000)

    assert shares.over == {"bob"}


def test_count_is_due_again_when_another_share_can_be_full() -> None:
    """The next count is due when one more author could have filled their share.

    The author with the most bytes below the share decides. The document must grow by at least
    `_RECOUNT_BYTES` between two counts.
    """
    shares = AuthorShares(1_000_000)

    shares.count({"ada": 400_000, "bob": 2_000_000}, 3_000_000)
    assert shares.recount_at == 3_600_000
    shares.count({"ada": 999_999}, 3_000_000)
    assert shares.recount_at == 3_000_000 + author_shares._RECOUNT_BYTES


def test_count_forgets_authors_whose_content_has_left() -> None:
    shares = AuthorShares(1_000_000)
    shares.count({"bob": 2_000_000}, 3_000_000)

    shares.count({"bob": 10}, 1_000)

    assert shares.over == set()
