"""Tests of the crash mark, which names the sessions for which native code works.

Its memory outlives the process.
"""

from crdt.crashmark import SIZE, CrashMark


def test_crash_mark_has_names_inside_blocks_only() -> None:
    """The mark can have several names at the same time, each until its block ends."""
    page = bytearray(SIZE)
    mark, next_process = CrashMark(page), CrashMark(page)
    with mark.at("one", "ada"), mark.at("two"):
        assert sorted(next_process.named()) == [("one", "ada"), ("two", "")]

    assert list(next_process.named()) == []


def test_crash_mark_without_free_slot_stores_no_name() -> None:
    """Work without a free slot is done, but its name is not stored.

    A slot is free again after its block.
    """
    mark = CrashMark()
    blocks = [mark.at(f"session-{number}") for number in range(20)]
    for block in blocks:
        block.__enter__()
    assert len(list(mark.named())) == 16

    for block in blocks:
        block.__exit__()

    assert list(mark.named()) == []
    with mark.at("one"):
        assert list(mark.named()) == [("one", "")]


def test_crash_mark_clear_removes_all_names() -> None:
    """The names that the previous process left are removed after they were read."""
    page = bytearray(SIZE)
    CrashMark(page).at("one", "ada").__enter__()

    CrashMark(page).clear()

    assert list(CrashMark(page).named()) == []


def test_crash_mark_cuts_names_over_255_bytes() -> None:
    """A slot holds 255 bytes, and nothing is written beyond it."""
    mark = CrashMark()
    with mark.at("s" * 300), mark.at("two"):
        assert [len(session_id) for session_id, _ in mark.named()] in ([255, 3], [3, 255])


def test_crash_mark_tells_work_of_threads_from_work_of_the_loop() -> None:
    """If the event loop is blocked, the mark names the loop's work, not the work of threads."""
    mark = CrashMark()
    with mark.beside("loaded"), mark.at("edited", "eve"):
        assert list(mark.named()) == [("edited", "eve")]
        assert list(mark.named(in_threads=True)) == [("loaded", "")]
    assert list(mark.named(in_threads=True)) == []
