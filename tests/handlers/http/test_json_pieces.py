"""Tests that JSON made in pieces equals the output of `json.dumps`."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.http.json_pieces import PIECE, is_large, pieces

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
def test_pieces_together_are_the_usual_json(value: Any) -> None:
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
