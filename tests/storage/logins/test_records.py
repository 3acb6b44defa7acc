"""Tests the rules of logins: which of their tokens were used, and when."""

from tests.storage.rows import login

SECOND = 1_000
RETRY_MS = 20 * SECOND


def test_login_remembers_tokens_of_last_seconds() -> None:
    """A token is remembered for 20 s after its exchange; tokens used before that are dropped."""
    first = login(token_hash="A", ends_at=900 * SECOND)
    second = first.rotated("B", 100 * SECOND, 500 * SECOND, RETRY_MS)
    third = second.rotated("C", 110 * SECOND, 500 * SECOND, RETRY_MS)
    fourth = third.rotated("D", 125 * SECOND, 500 * SECOND, RETRY_MS)

    assert [third.was_used_since(token, 100 * SECOND) for token in "AB"] == [True, True]
    assert [fourth.was_used_since(token, 100 * SECOND) for token in "ABC"] == [False, True, True]
    assert not fourth.was_used_since("D", 0)
    assert (fourth.generation, fourth.previous_hash) == (first.generation + 3, "C")


def test_rotated_login_never_outlives_its_end() -> None:
    """A new token extends a login, but not beyond the time at which the login ends."""
    old = login(ends_at=200 * SECOND)

    assert old.rotated("B", 100 * SECOND, 150 * SECOND, RETRY_MS).expires_at == 150 * SECOND
    assert old.rotated("B", 100 * SECOND, 300 * SECOND, RETRY_MS).expires_at == 200 * SECOND


def test_login_catches_up_with_later_generation_only() -> None:
    """A login takes over a later token, and forgets all tokens before that token."""
    row = login(token_hash="A", previous_hash="Z", generation=3)

    later = row.caught_up("B", 5)

    assert row.caught_up("B", 3) is row
    assert (later.token_hash, later.generation, later.previous_hash) == ("B", 5, None)
