"""Tests how a server handles the files that a dead process has left in DATA_DIR."""

from pathlib import Path

import pytest

from collab_server.crashes import MARK_NAME, NOTES_NAME, Crashes, read_notes

NOW = 4_000_000_000_000
MINUTE = 60_000


def die(data_dir: Path, session_id: str, user_id: str = "") -> None:
    """Leave the mark of a process that died while it worked for a session."""
    crashes = Crashes(data_dir)
    crashes.mark.at(session_id, user_id).__enter__()
    crashes.close()


def look_back(data_dir: Path, *, is_sure: bool) -> Crashes:
    crashes = Crashes(data_dir)
    crashes.look_back(NOW, is_sure=is_sure)
    return crashes


def test_look_back_after_clean_end_quarantines_nothing(tmp_path: Path) -> None:
    """After a clean end there is no mark, so no session is set aside and no notes are written."""
    crashes = look_back(tmp_path / "data", is_sure=True)

    assert crashes.quarantine.set_aside(NOW) == []
    assert not (tmp_path / "data" / NOTES_NAME).exists()
    crashes.close()


@pytest.mark.parametrize(("is_sure", "minutes"), [(True, 10), (False, 0)])
def test_look_back_after_certain_fault_quarantines_named_session(
    tmp_path: Path, expect_log, is_sure: bool, minutes: int
) -> None:
    """If the process certainly ended by a fault, the named session is set aside.

    Otherwise the server only notes the death. In both cases the mark is cleared.
    """
    expect_log("the server died while it worked for session s1, user u-eve")
    die(tmp_path, "s1", "u-eve")

    crashes = look_back(tmp_path, is_sure=is_sure)

    assert crashes.quarantine.wait_ms("s1", NOW) == minutes * MINUTE
    assert list(crashes.mark.named()) == []
    crashes.close()


def test_look_back_forgives_a_session_that_kills_name_now_and_then(
    tmp_path: Path, expect_log
) -> None:
    """A start without a mark, as after a kill between two edits, lessens the suspicion."""
    expect_log("the server died while it worked for session s1, user u-ada: noted")
    for number in range(12):
        if number % 3 == 0:
            die(tmp_path, "s1", "u-ada")
        look_back(tmp_path, is_sure=False).close()

    assert read_notes(tmp_path).set_aside(NOW) == []


def test_look_back_sets_aside_what_three_deaths_in_a_row_name(tmp_path: Path, expect_log) -> None:
    expect_log("the server died while it worked for session s1, user u-eve")
    for _ in range(3):
        assert read_notes(tmp_path).set_aside(NOW) == []
        die(tmp_path, "s1", "u-eve")
        look_back(tmp_path, is_sure=False).close()

    assert read_notes(tmp_path).set_aside(NOW) == ["s1"]


def test_look_back_blames_the_loop_before_threads(tmp_path: Path, expect_log) -> None:
    """The session that the event loop was reading is set aside.

    A session that a thread was loading meanwhile is not blamed.
    """
    expect_log("the server died while it worked for session (read|loaded)")
    crashes = Crashes(tmp_path)
    crashes.mark.beside("loaded").__enter__()
    crashes.mark.at("read").__enter__()
    crashes.close()

    crashes = look_back(tmp_path, is_sure=True)

    assert crashes.quarantine.set_aside(NOW) == ["read"]
    assert crashes.quarantine.has_killed("read")
    assert not crashes.quarantine.has_killed("loaded")
    crashes.close()


def test_look_back_without_work_of_the_loop_sets_aside_the_session_of_a_thread(
    tmp_path: Path, expect_log
) -> None:
    """If the loop was doing no work, the session that a thread was loading is set aside.

    Native code in a thread can hold the interpreter, and so block the loop.
    """
    expect_log("the server died while it worked for session loaded")
    crashes = Crashes(tmp_path)
    crashes.mark.beside("loaded").__enter__()
    crashes.close()

    crashes = look_back(tmp_path, is_sure=True)

    assert crashes.quarantine.set_aside(NOW) == ["loaded"]
    crashes.close()


def test_crash_notes_survive_the_process(tmp_path: Path, expect_log) -> None:
    """A later process reads the notes of an earlier one. Only the owner can read these files."""
    expect_log("the server died while it worked for session s1")
    die(tmp_path, "s1", "u-eve")
    look_back(tmp_path, is_sure=True).close()

    assert read_notes(tmp_path).wait_ms("s1", NOW + MINUTE) == 9 * MINUTE
    assert [(tmp_path / name).stat().st_mode & 0o777 for name in (MARK_NAME, NOTES_NAME)] == [
        0o600,
        0o600,
    ]


@pytest.mark.parametrize("text", ["", "{", "[]", "[" * 100_000])
def test_read_notes_of_damaged_file_quarantines_nothing(
    tmp_path: Path, expect_log, text: str
) -> None:
    """A damaged file of notes never keeps a server from starting."""
    if text != "[]":
        expect_log("cannot be read; nobody is set aside")
    (tmp_path / NOTES_NAME).write_text(text)

    assert read_notes(tmp_path).set_aside(NOW) == []
