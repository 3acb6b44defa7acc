"""Tests of the text map, which moves edits of an older text to a newer text."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crdt.text.byte_edits import applied, edits_between
from crdt.text.text_map import TextMap, shifts_of

texts = st.text(alphabet="ab\n é😀😁", max_size=12)


def move(old: str, new: str, mine: str) -> str:
    """Return the merged text: `new` with the edits that lead from `old` to `mine`."""
    text_map = TextMap.whole(len(old.encode())).shifted(
        shifts_of(edits_between(old.encode(), new.encode()))
    )
    edits, _ = text_map.move_edits(edits_between(old.encode(), mine.encode()), len(new.encode()))
    return applied(new.encode(), edits).decode()


@pytest.mark.parametrize(
    ("old", "new", "mine", "merged"),
    [
        ("", "abc", "", "abc"),
        ("", "abc", "x", "abcx"),
        ("one two", "one 2 two", "one two three", "one 2 two three"),
        ("one two", "two", "one two!", "two!"),
        ("one two", "one", "one x two", "onex "),
        ("abc", "aXbc", "ac", "aXc"),
        ("abc", "", "aYc", "Y"),
        ("abc", "abc", "", ""),
        ("abc", "aXXc", "", "XX"),
        ("ab", "a😀b", "a😁b", "a😁😀b"),
        ("f(x)", "f(x, y)", "g(x)", "g(x, y)"),
    ],
)
def test_merge_keeps_both_changes(old: str, new: str, mine: str, merged: str) -> None:
    assert move(old, new, mine) == merged


@given(texts, texts, texts)
def test_text_map_over_many_changes_leads_to_equal_bytes(
    first: str, second: str, third: str
) -> None:
    """Bytes that no change has deleted are mapped to equal bytes."""
    texts = [text.encode() for text in (first, second, third)]
    text_map = TextMap.whole(len(texts[0]))
    for old, new in itertools.pairwise(texts):
        text_map = text_map.shifted(shifts_of(edits_between(old, new)))

    end = 0
    for run in text_map.runs:
        assert texts[0][run.old : run.old + run.length] == texts[2][run.new : run.new + run.length]
        assert run.new >= end
        end = run.new + run.length


@given(texts, texts, texts)
def test_moved_edits_fit_newer_text_and_lose_no_insertion(old: str, new: str, mine: str) -> None:
    """Moved edits fit the newer text and lose no insertion.

    The map leads from the client's text to the result.
    """
    newer = new.encode()
    text_map = TextMap.whole(len(old.encode())).shifted(
        shifts_of(edits_between(old.encode(), newer))
    )
    made = edits_between(old.encode(), mine.encode())

    edits, after = text_map.move_edits(made, len(newer))
    result = applied(newer, edits)

    result.decode()
    assert [edit.position for edit in edits] == sorted(edit.position for edit in edits)
    for run in after.runs:
        assert (
            mine.encode()[run.old : run.old + run.length] == result[run.new : run.new + run.length]
        )
    assert b"".join(edit.inserted for edit in edits) == b"".join(edit.inserted for edit in made)


@given(texts, texts)
def test_merge_without_other_changes_is_text_of_client(old: str, mine: str) -> None:
    """If nobody else changed the text, the result is the client's text."""
    made = edits_between(old.encode(), mine.encode())
    edits, _ = TextMap.whole(len(old.encode())).move_edits(made, len(old.encode()))

    assert applied(old.encode(), edits) == mine.encode()
