"""Tests that JSON made in pieces equals the output of `json.dumps`."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.http.json_pieces import PIECE, WRITTEN, cut, is_large, pieces

_LONG = '\x01é\U0001f600"\\' * (PIECE // 4)
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.just(_LONG),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=12,
)


@given(_VALUES)
def test_pieces_joined_equal_output_of_json_dumps(value: Any) -> None:
    assert "".join(pieces(value)) == json.dumps(value)


@pytest.mark.parametrize(
    "value",
    [
        _LONG,
        {"code": _LONG, "files": {"a": _LONG, "b": ""}},
        [[number, "x" * 10, []] for number in range(60_000)],
        {str(number): number for number in range(60_000)},
        [_LONG, 1, 2, {"a": [_LONG]}, (3, 4)],
        {"deep": [[[[[[{"a": [_LONG]}]]]]]]},
    ],
    ids=["text", "texts", "list", "map", "mixed", "deep"],
)
def test_no_piece_of_a_large_value_is_large(value: Any) -> None:
    """No piece is longer than 13 times `PIECE`.

    A character takes at most twelve characters in JSON (two escapes).
    """
    made = list(pieces(value))
    assert "".join(made) == json.dumps(value)
    assert len(made) > 2
    assert max(map(len, made)) <= 13 * PIECE


def test_small_value_is_one_piece() -> None:
    value = {"items": [{"a": 1}] * 100, "next": None}
    assert not is_large(value)
    assert list(pieces(value)) == [json.dumps(value)]


@given(
    st.lists(st.sampled_from([0, 1, WRITTEN - 1, WRITTEN, WRITTEN + 1, 3 * WRITTEN]), max_size=6)
)
def test_cut_yields_the_same_bytes_a_few_at_a_time(sizes: list[int]) -> None:
    encoded = [bytes((65 + number,)) * size for number, size in enumerate(sizes)]

    parts = list(cut(encoded))

    assert b"".join(parts) == b"".join(encoded)
    assert all(0 < len(part) <= WRITTEN for part in parts)


def test_cut_encodes_a_piece_only_when_its_part_is_requested() -> None:
    """The first part is ready before the second piece is encoded."""
    made: list[int] = []

    def encoded() -> Iterator[bytes]:
        for number in range(2):
            made.append(number)
            yield b"x" * (2 * WRITTEN)

    parts = cut(encoded())

    assert [len(next(parts)), len(next(parts)), made] == [WRITTEN, WRITTEN, [0]]
    assert [len(next(parts)), made] == [WRITTEN, [0, 1]]
