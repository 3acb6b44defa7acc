"""Tests of small edits between texts."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crdt.text.text_diff import MAX_EDITS, Change, changes, joined

texts = st.text(alphabet="ab \n😀é", max_size=60)


def applied(old: str, edits: list[Change]) -> str:
    parts, end = [], len(old)
    for position, deleted, inserted in reversed(edits):
        parts += [old[position + deleted : end], inserted]
        end = position
    return "".join([old[:end], *reversed(parts)])


@given(texts, texts)
def test_text_diff_applied_gives_new_text(old: str, new: str) -> None:
    """The edits do not overlap. Applied from last to first, they give the new text."""
    edits = changes(old, new)

    assert applied(old, edits) == new
    end = -1
    for change in edits:
        assert change.position > end or change.position == end == change.position
        end = change.position + change.deleted


def test_text_diff_touches_changed_words_only() -> None:
    """Edits contain no unchanged line, and only the changed words of a changed line."""
    old = "def f(x):\n    return x\n\nprint(f(1))\n"
    new = "def g(x):\n    return x\n\nprint(g(1))\n# end\n"

    assert changes(old, new) == [
        Change(4, 1, "g"),
        Change(30, 1, "g"),
        Change(len(old) - 1, 0, "\n# end"),
    ]
    assert changes(old, old) == []
    assert changes("", "x") == [Change(0, 0, "x")]
    assert changes("x", "") == [Change(0, 1, "")]


@pytest.mark.timeout(60)
def test_text_diff_of_repetitive_text_has_bounded_cost() -> None:
    """A megabyte of repeated lines is compared in seconds; quadratic work takes hours."""
    started = time.process_time()
    old = "a\nb\n" * 200_000
    new = "b\n" + "a\n" * 300_000

    edits = changes(old, new)

    assert applied(old, edits) == new
    lines = [f"line {number}\n" for number in range(80_000)]
    every_second = "".join(
        "    " + line if number % 2 else line for number, line in enumerate(lines)
    )
    assert applied("".join(lines), changes("".join(lines), every_second)) == every_second

    assert time.process_time() - started < 5


def test_text_diff_of_few_changes_in_large_file_stays_small() -> None:
    """Ten changed lines among ten thousand are ten small edits."""
    lines = [f"line {number}\n" for number in range(10_000)]
    changed = [
        f"{line[:-1]}!\n" if number % 1000 == 500 else line for number, line in enumerate(lines)
    ]

    edits = changes("".join(lines), "".join(changed))

    assert [(change.deleted, change.inserted) for change in edits] == [(0, "!")] * 10


@given(texts, texts, st.integers(1, 4))
def test_text_diff_with_few_edits_allowed_gives_new_text(old: str, new: str, most: int) -> None:
    edits = changes(old, new, most=most)

    assert applied(old, edits) == new
    assert len(edits) <= most


def test_text_diff_of_many_changes_joins_the_nearest_changes() -> None:
    """A change that is far from all other changes stays an edit of its own."""
    old = "first\n" + "same\n" * 1_000 + "".join(f"{number}\nx\n" for number in range(1_000))
    new = old.replace("first", "1st").replace("x", "y")

    edits = changes(old, new)

    assert applied(old, edits) == new
    assert len(edits) <= MAX_EDITS
    assert edits[0] == Change(0, 3, "1")


def test_joined_blocks_are_those_with_the_smallest_distance() -> None:
    blocks = [(0, 1, 0, 2), (5, 6, 6, 6), (7, 9, 7, 8)]
    assert joined(blocks, 3) == blocks
    assert joined(blocks, 2) == [(0, 1, 0, 2), (5, 9, 6, 8)]
    assert joined(blocks, 1) == [(0, 9, 0, 8)]
