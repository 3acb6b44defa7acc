"""Tests of turning edits of a text with LF into edits of a document with other line ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crdt.text.byte_edits import applied, edits_between
from crdt.text.line_ends import edits_of_original, line_ends, with_lf
from crdt.text.text_map import Edit

lines = st.lists(st.sampled_from(["a", "", "é😀", "b"]), max_size=6)


@given(lines, lines)
def test_edits_of_a_text_with_crlf_give_the_new_lines(old: list[str], new: list[str]) -> None:
    """The document has the new lines, with its own line ends."""
    original = "\r\n".join(old).encode()
    edits = edits_between(with_lf(original), "\n".join(new).encode())

    made = edits_of_original(edits, original)

    result = applied(original, made)
    assert with_lf(result) == "\n".join(new).encode()
    if line_ends(original) == b"\r\n":
        assert b"\n" not in result.replace(b"\r\n", b"")
    for edit in made:
        edit.inserted.decode()


@given(st.lists(st.sampled_from(["a", "\n", "\r\n", "é"]), max_size=8), st.data())
def test_positions_in_a_text_with_mixed_line_ends_are_found(
    parts: list[str], data: st.DataObject
) -> None:
    """A deletion at any place removes the same characters from both texts."""
    original = "".join(parts).encode()
    first = data.draw(st.integers(0, len(parts)))
    last = data.draw(st.integers(first, len(parts)))
    start, end = (len(with_lf("".join(parts[:at]).encode())) for at in (first, last))

    (made,) = edits_of_original([Edit(start, end - start, b"")], original)

    assert applied(original, [made]) == "".join(parts[:first] + parts[last:]).encode()


def test_edits_of_a_document_with_crlf_insert_and_delete_whole_line_ends() -> None:
    document = b"a\r\nb\r\n"
    assert edits_of_original([Edit(2, 0, b"x\n")], document) == [Edit(3, 0, b"x\r\n")]
    assert edits_of_original([Edit(1, 1, b""), Edit(3, 1, b"")], document) == [
        Edit(1, 2, b""),
        Edit(4, 2, b""),
    ]
    assert edits_of_original([Edit(2, 0, b"x\n")], b"a\nb\n") == [Edit(2, 0, b"x\n")]


@pytest.mark.parametrize(
    ("text", "expected"), [(b"a\nb\n", b"\n"), (b"a\r\n", b"\r\n"), (b"a", b""), (b"a\r\nb\n", b"")]
)
def test_line_ends_are_known_if_all_are_equal(text: bytes, expected: bytes) -> None:
    assert line_ends(text) == expected
