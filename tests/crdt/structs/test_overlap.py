"""Tests of whether two updates agree on the structs that both of them have."""

import pytest

from crdt.structs.overlap import find_differing
from crdt.wire.content import SKIP
from tests.crdt.struct_bytes import deleted, gone, placed, text, update_of, value
from tests.fuzz.structure import Struct


def differ(ours: list[Struct], theirs: list[Struct], until: int = 4) -> bool:
    placed(ours[0], parent="t")
    placed(theirs[0], parent="t")
    differing = find_differing(update_of(*ours), update_of(*theirs), {1: (0, until)})
    return bool(differing)


@pytest.mark.parametrize(
    "theirs",
    [
        [text("abcd")],
        [text("abcdefg")],
        [text("ab"), placed(text("cd"), left=(1, 1))],
        [text("a"), deleted(2), placed(text("de"), left=(1, 2))],
        [gone(4)],
        [text("ab█\ufffd")],
        [text("a"), Struct(SKIP, 2, b"\x02"), placed(text("d"), left=(1, 2))],
    ],
)
def test_same_text_agrees_however_it_is_cut(theirs: list[Struct]) -> None:
    """Parts that one side deleted, replaced or left out agree.

    Nothing is compared after the end.
    """
    assert not differ([text("abcd")], theirs)
    assert not differ([text("a"), placed(text("bcd"), left=(1, 0))], theirs)


@pytest.mark.parametrize(
    "theirs",
    [
        [text("abcx")],
        [text("xyz"), deleted(1)],
        [value(4)],
        [value(1), placed(text("bcd"), left=(1, 0))],
    ],
)
def test_other_content_differs(theirs: list[Struct]) -> None:
    assert differ([text("abcd")], theirs)


def test_values_agree_whatever_they_are() -> None:
    """Values always agree, because earlier releases encoded them again."""
    assert not differ([value(4)], [Struct(8, 4, b"\x04" + b"\x7e" * 4)])


def test_wide_characters_are_compared_by_halves() -> None:
    assert not differ([text("a😀b")], [text("a"), placed(text("😀b"), left=(1, 0))])
    assert not differ([text("a😀b")], [text("a😀b")], until=2)
    assert differ([text("a😀b")], [text("a👍b")])
