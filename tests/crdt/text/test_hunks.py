"""Tests of the differences between two texts: as lines, as words, and as a patch for Git."""

import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crdt.text.hunks import Hunk, compare, hunks, unified
from crdt.text.line_diff import Work

PLENTY = 1 << 40

texts = st.lists(
    st.sampled_from(["a", "b", "", "}", "return x", "é😀 y", "\u2028", "c\r"]), max_size=14
).flatmap(lambda lines: st.sampled_from(["\n".join(lines), "\n".join([*lines, ""])]))


def rebuilt(old: str, changed: list[Hunk]) -> str:
    """Return the new text, made from the old text and the hunks."""
    *lines, last = old.split("\n")
    lines = [f"{line}\n" for line in lines] + ([last] if last else [])
    made, at = [], 0
    for hunk in changed:
        start = hunk.old_start - bool(hunk.old_lines)
        made += lines[at:start]
        assert len("".join(made).split("\n")) - 1 == hunk.new_start - bool(hunk.new_lines)
        old_side = [line for line in hunk.lines if line.kind != "+"]
        new_side = [line for line in hunk.lines if line.kind != "-"]
        assert (len(old_side), len(new_side)) == (hunk.old_lines, hunk.new_lines)
        at = start + len(old_side)
        assert [line.text + "\n" * line.has_end for line in old_side] == lines[start:at]
        made += [line.text + "\n" * line.has_end for line in new_side]
    return "".join(made + lines[at:])


@given(texts, texts)
def test_hunks_applied_to_old_text_give_new_text(old: str, new: str) -> None:
    changed = hunks(old, new, Work(PLENTY))

    assert rebuilt(old, changed) == new
    assert bool(changed) == (old != new)


@pytest.mark.parametrize(
    ("old", "new"),
    [("a\nb\nc\n", "a\nB\nc\n"), ("", "x\n"), ("x\n", ""), ("a", "a\n"), ("a\nb", "b\na"),
     ("a\n" * 40, "a\n" * 20 + "z\n" + "a\n" * 20)],
)  # fmt: skip
def test_hunks_are_accepted_by_git_apply(tmp_path: Path, old: str, new: str) -> None:
    (tmp_path / "main").write_text(old)
    (tmp_path / "patch").write_text(unified("main", "main", hunks(old, new, Work(PLENTY))))

    subprocess.run(["git", "apply", "--unidiff-zero", "patch"], cwd=tmp_path, check=True)

    assert (tmp_path / "main").read_text() == new


def test_hunks_mark_changed_words_in_utf16_units() -> None:
    """Marks count UTF-16 code units, as editors in browsers do."""
    (hunk,) = hunks("😀 one two\n", "😀 one 2 two!\n", Work(PLENTY))
    removed, added = hunk.lines

    assert (removed.kind, removed.marks) == ("-", [])
    assert (added.kind, added.marks) == ("+", [(7, 9), (12, 13)])


def test_hunks_without_common_words_have_no_marks() -> None:
    (hunk,) = hunks("one\n", "two\n", Work(PLENTY))

    assert [line.marks for line in hunk.lines] == [[], []]


def test_hunks_of_distant_changes_are_separate() -> None:
    old = [f"line {number}\n" for number in range(100)]
    new = [*old[:10], "x\n", *old[11:90], "y\n", *old[91:]]

    changed = hunks("".join(old), "".join(new), Work(PLENTY))

    assert [
        (hunk.old_start, hunk.old_lines, hunk.new_start, hunk.new_lines) for hunk in changed
    ] == [
        (8, 7, 8, 7), (88, 7, 88, 7),
    ]  # fmt: skip


def test_hunks_cover_changed_roots_only() -> None:
    assert list(compare({"a": "x", "b": "y"}, {"a": "x", "c": "z"})) == ["b", "c"]
    assert list(compare({"a": ""}, {})) == []


@pytest.mark.timeout(120)
@pytest.mark.parametrize("kind", ["lines", "short", "one line"])
def test_hunks_of_large_texts_have_bounded_cost(kind: str) -> None:
    """A comparison of texts of a megabyte takes seconds, because its work is limited."""
    started = time.process_time()
    old, new = {
        "lines": ["".join(f"line {n * step % 80_000}\n" for n in range(80_000)) for step in (1, 3)],
        "short": ("a\nb\n" * 250_000, "b\nb\na\n" * 160_000),
        "one line": ("ab " * 350_000, "ba " * 350_000),
    }[kind]  # fmt: skip

    assert rebuilt(old, hunks(old, new, Work(4_000_000))) == new

    assert time.process_time() - started < 30
