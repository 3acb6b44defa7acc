"""Tests of edits that turn one UTF-8 text into another."""

from hypothesis import given
from hypothesis import strategies as st

from crdt.text.byte_edits import applied, common_ends, edits_between
from crdt.text.text_map import Edit

texts = st.text(alphabet="ab\n é😀😁", max_size=12)


@given(texts, texts)
def test_edits_between_texts_lead_from_one_to_the_other(old: str, new: str) -> None:
    """The edits turn the old text into the new text, are in order, and split no character."""
    edits = edits_between(old.encode(), new.encode())

    assert applied(old.encode(), edits) == new.encode()
    for position, deleted, inserted in edits:
        inserted.decode()
        old.encode()[:position].decode()
        old.encode()[position : position + deleted].decode()


@given(texts, texts)
def test_common_ends_are_equal_and_do_not_overlap(old: str, new: str) -> None:
    prefix, suffix = common_ends(old.encode(), new.encode())

    assert prefix + suffix <= min(len(old.encode()), len(new.encode()))
    assert old.encode()[:prefix].decode() == new.encode()[:prefix].decode()
    assert (
        old.encode()[len(old.encode()) - suffix :].decode()
        == new.encode()[len(new.encode()) - suffix :].decode()
    )


def test_edits_between_equal_texts_are_none() -> None:
    assert edits_between(b"same", b"same") == []


def test_edits_between_texts_that_grew_insert_only() -> None:
    """The positions of edits are bytes of the old text."""
    assert edits_between("é".encode(), "éx".encode()) == [Edit(2, 0, b"x")]
    assert edits_between(b"one two three", b"one 2 three") == [Edit(4, 3, b"2")]


def test_common_ends_split_no_character() -> None:
    """😀 and 😁 begin with the same three bytes, which alone are no text."""
    assert common_ends("a😀b".encode(), "a😁b".encode()) == (1, 1)
