"""Tests the simulated editor: undo and redo, alone and while other users type."""

from hypothesis import given
from hypothesis import strategies as st

from harness.simulator.editor import Editor

PLACES = st.tuples(
    st.integers(0, 1_000),
    st.integers(0, 5),
    st.sampled_from(["", "a", "bc", "👩‍💻", "long words\n"]),
)


def edited(editor: Editor, places: list[tuple[int, int, str]]) -> None:
    for place, deleted, inserted in places:
        at = place % (len(editor.text) + 1)
        editor.edit(at, min(deleted, len(editor.text) - at), inserted)


@given(st.lists(PLACES, max_size=39))
def test_undo_and_redo_restore_text(places: list[tuple[int, int, str]]) -> None:
    editor = Editor()
    edited(editor, places)
    text = editor.text

    while editor.undo():
        pass
    start = editor.text
    while editor.redo():
        pass

    assert (start, editor.text) == ("", text)


@given(
    st.lists(PLACES, max_size=10),
    st.integers(0, 1_000),
    st.integers(0, 4),
    st.text("ab", max_size=4),
)
def test_merge_keeps_cursor_and_undo_inside_text(
    places: list[tuple[int, int, str]], place: int, deleted: int, new: str
) -> None:
    """After a merge the cursor stays inside the text, and undo changes only the text."""
    editor = Editor()
    edited(editor, places)
    at = place % (len(editor.text) + 1)
    text = editor.text[:at] + new + editor.text[at + deleted :]

    editor.merge(text)

    assert editor.text == text
    assert 0 <= editor.cursor <= len(text)
    if patch := editor.undo():
        assert patch[0] + patch[1] <= len(text)
        assert editor.text == text[: patch[0]] + patch[2] + text[patch[0] + patch[1] :]


def test_undo_of_word_is_one_step() -> None:
    editor = Editor()
    editor.edit(0, 0, "first\n")
    editor.cursor = 0
    for key in "wort":
        editor.edit(editor.cursor, 0, key)
    editor.edit(3, 1, "d")

    assert editor.text == "wordfirst\n"
    assert editor.undo() == (0, 10, "")
    assert editor.redo() == (0, 0, "wordfirst\n")


def test_merge_before_cursor_moves_cursor_and_undo() -> None:
    editor = Editor()
    editor.edit(0, 0, "one two")

    editor.merge("zero one two")

    assert editor.cursor == 12
    assert editor.undo() == (5, 7, "")
    assert editor.text == "zero "
    editor.merge("zero! ")
    assert editor.redo() == (6, 0, "one two")


def test_merge_into_typed_text_removes_its_undo_step() -> None:
    """Another user wrote inside the typed text.

    Undo would also remove that text, so the step is removed.
    """
    editor = Editor()
    editor.edit(0, 0, "one two")

    editor.merge("one or two")

    assert editor.cursor == 10
    assert editor.undo() is None
    assert editor.text == "one or two"
