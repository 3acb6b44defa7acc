"""Tests identifiers that people can read aloud and type."""

import re

import pytest

from handlers import ids

ALPHABET = "[0-9a-hjkmnp-tv-z]"


def test_new_id_is_16_characters_of_80_bits() -> None:
    assert ids.new_id(lambda count: b"\xff" * count) == "z" * 16
    assert ids.new_id(bytes) == "0" * 16
    assert re.fullmatch(ALPHABET + "{16}", ids.new_id(lambda count: bytes(range(count))))


def test_new_sortable_id_sorts_by_time() -> None:
    """Sortable ids sort by time, with any random parts."""
    earlier = ids.new_sortable_id(lambda count: b"\xff" * count, 1_700_000_000_000)
    later = ids.new_sortable_id(bytes, 1_700_000_000_001)

    assert earlier < later
    assert len(earlier) == 26


def test_new_secret_is_26_characters() -> None:
    assert re.fullmatch(ALPHABET + "{26}", ids.new_secret(lambda count: bytes(range(count))))


@pytest.mark.parametrize(
    ("typed", "meant"), [("ABCD-EFGH", "abcdefgh"), ("0O1IL", "00111"), (" a b ", "ab")]
)
def test_normalize_accepts_capitals_dashes_and_look_alikes(typed: str, meant: str) -> None:
    assert ids.normalize(typed) == meant
