"""Tests of finding the lines that two texts have in common."""

from hypothesis import given
from hypothesis import strategies as st

from crdt.text.line_diff import Work, differing

PLENTY = 1 << 40
parts = st.lists(st.sampled_from("abcdefgh"), max_size=30)


@given(parts, parts, st.sampled_from([0, 50, PLENTY]))
def test_differing_blocks_leave_equal_text_between_them(
    old: list[str], new: list[str], steps: int
) -> None:
    """Between the differing blocks, both texts are equal, even if little work is allowed."""
    at = new_at = 0
    for start, end, new_start, new_end in differing(old, new, Work(steps)):
        assert old[at:start] == new[new_at:new_start]
        assert end > start or new_end > new_start
        at, new_at = end, new_end
    assert old[at:] == new[new_at:]


def test_differing_without_work_still_anchors_at_unique_lines() -> None:
    """Anchors need no work; only the text between anchors needs difflib."""
    old, new = list("axbxc"), list("aybyc")

    assert list(differing(old, new, Work(0))) == [(1, 2, 1, 2), (3, 4, 3, 4)]


def test_differing_of_moved_line_keeps_longest_order() -> None:
    """The anchors of "abcd" and "cabd" are a, b and d, because c was moved."""
    assert list(differing("abcd", "cabd", Work(PLENTY))) == [(0, 0, 0, 1), (2, 3, 3, 3)]


def test_work_is_allowed_until_it_is_spent() -> None:
    work = Work(10)

    assert [work.allows(6), work.allows(5), work.allows(4), work.allows(1)] == [
        True,
        False,
        True,
        False,
    ]
