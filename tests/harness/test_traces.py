"""Tests of finding editing sessions by name.

Simulated sessions always exist, but recordings may be missing.
"""

from pathlib import Path

import pytest

from harness import traces


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the simulated code session a short one."""
    made = {"startContent": "", "endContent": "", "txns": []}
    monkeypatch.setitem(traces.SIMULATED, "simulated-code", lambda: made)


def test_recordings_in_folder_are_preferred_to_simulated_sessions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An existing recording is used, and simulated sessions replace missing recordings."""
    monkeypatch.setenv("COLLAB_TRACES", str(tmp_path))
    (tmp_path / "rustcode.json.gz").touch()

    assert traces.recorded(*traces.RECORDED) == ["rustcode"]
    assert [traces.preferred(name) for name in traces.RECORDED] == [
        "simulated-paper", "rustcode", "simulated-letters", "simulated-pair"
    ]  # fmt: skip
    assert traces.file("rustcode", tmp_path / "made") == tmp_path / "rustcode.json.gz"


def test_recordings_folder_without_setting_is_next_to_checkout(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("COLLAB_TRACES", raising=False)

    assert traces.folder() == Path(traces.__file__).parents[2] / "shared" / "traces"


def test_recordings_setting_that_names_no_folder_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A setting that names no folder is refused. It never selects simulated sessions silently."""
    monkeypatch.setenv("COLLAB_TRACES", str(tmp_path / "missing"))

    with pytest.raises(NotADirectoryError, match="COLLAB_TRACES"):
        traces.recorded("rustcode")


@pytest.mark.usefixtures("small")
def test_simulated_session_is_written_once(tmp_path: Path) -> None:
    file = traces.file("simulated-code", tmp_path)
    first = file.stat().st_mtime_ns

    assert traces.file("simulated-code", tmp_path).stat().st_mtime_ns == first
    assert [path.name for path in tmp_path.iterdir()] == ["simulated-code.json.gz"]


@pytest.mark.usefixtures("small")
def test_trace_file_contains_no_time(tmp_path: Path) -> None:
    """Bytes 4 to 7 of a gzip file, which can contain the time, are zero."""
    assert traces.file("simulated-code", tmp_path).read_bytes()[4:8] == bytes(4)
