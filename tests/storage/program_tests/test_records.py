"""Tests of the records of tests of programs."""

from storage.program_tests.records import Kind
from tests.storage.rows import program_test


def test_words_of_kinds_are_those_of_the_api() -> None:
    """Rows and answers have these words, so they may not change."""
    assert [str(word) for word in Kind] == ["case", "file"]


def test_test_without_its_texts_is_damaged() -> None:
    assert program_test(wanted=None).is_damaged
    assert not program_test().is_damaged
