"""Tests of trying a place for files. The attempt fails like the real call, and leaves no files."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from storage.places import try_file, try_folder


def _nothing(place: Path) -> None:
    place.mkdir()


def _file(place: Path) -> None:
    place.write_text("")


def _dangling(place: Path) -> None:
    place.symlink_to("/nonexistent/place")


def _link_to_new_place(place: Path) -> None:
    place.symlink_to(place.with_name("new"))


def _below_file(place: Path) -> None:
    place.parent.rmdir()
    place.parent.write_text("")


def _below_link(place: Path) -> None:
    place.parent.rmdir()
    place.parent.symlink_to("/nonexistent/place")


def _missing(place: Path) -> None:
    place.parent.rmdir()


MAKERS = [
    _nothing,
    _file,
    _dangling,
    _link_to_new_place,
    _below_file,
    _below_link,
    _missing,
    lambda _: None,
]


def outcome(call: Callable[[Path], object], place: Path) -> str:
    """Return the error that a call raises, with the path that it names, or "" for no error."""
    try:
        call(place)
    except OSError as error:
        return str(error)
    return ""


def tree(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


@pytest.mark.parametrize("make", MAKERS)
def test_try_file_fails_as_opening_does_and_makes_nothing(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    """The attempt gives the errors of open(2), such as for a folder or a dangling link."""
    place = tmp_path / "folder" / "place"
    place.parent.mkdir()
    make(place)
    before = tree(tmp_path)

    def tries(path: Path) -> None:
        try_folder(path.parent)
        try_file(path)

    tried = outcome(tries, place)
    assert tree(tmp_path) == before

    def really(path: Path) -> None:
        path.parent.mkdir(exist_ok=True)  # a start makes the folder before the file
        os.close(os.open(path, os.O_RDWR | os.O_CREAT))

    assert tried == outcome(really, place)


@pytest.mark.parametrize("below", ["", "sub", "sub/sub"])
@pytest.mark.parametrize("make", MAKERS)
def test_try_folder_fails_as_making_it_does_and_makes_nothing(
    tmp_path: Path, make: Callable[[Path], None], below: str
) -> None:
    """The obstacle may be at the end or in the middle of the path."""
    place = tmp_path / "folder" / "place"
    place.parent.mkdir()
    make(place)
    before = tree(tmp_path)

    tried = outcome(try_folder, place / below)
    assert tree(tmp_path) == before

    assert tried == outcome(lambda path: path.mkdir(parents=True, exist_ok=True), place / below)


@pytest.mark.parametrize("call", [try_file, try_folder])
def test_place_that_takes_no_files_is_refused_by_name(call: Callable[[Path], None]) -> None:
    """The error names the wanted path, not the file with which the attempt was made."""
    with pytest.raises(OSError, match="/proc/nowhere"):
        call(Path("/proc/nowhere"))
