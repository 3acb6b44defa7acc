"""The command `collab-server copy`: copies all data of a server from one store to another."""

import re
from pathlib import Path
from typing import Any

from tqdm import tqdm

from collab_server.app import wall_clock
from collab_server.logs import complain, say
from collab_server.starting.stores import SQLITE_NAME, mongo_store, public_uri
from storage.copying import CopyRefused, PortableStore, copy
from storage.errors import StoreError, StoreUnavailable
from storage.sqlite.store import SqliteStore

FAILED = 2

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_EXTENSION = re.compile(r".\.\w*[A-Za-z]\w*$")
"""Matches names that end with a dot and an extension that has letters.
So it does not match `backup-2026.11.28`, which is a folder."""


async def run(source: str, target: str, *, into_existing: bool) -> int:
    """Copy, print a summary or one line about the failure, and return the exit code.

    source, target  a data folder, a SQLite file, or a MongoDB URI
    """
    try:
        names = _name(source), _name(target)
        if names[0] == names[1] or _are_one_file(*names):
            raise CopyRefused("source and target are the same")
        from_store, to_store = _store(source, must_exist=True), _store(target, must_exist=False)
        await _copy(from_store, to_store, names[0], into_existing=into_existing)
    except (StoreError, OSError) as error:
        complain(str(error))
        return FAILED
    return 0


async def _copy(
    source: PortableStore, target: PortableStore, name: str, *, into_existing: bool
) -> None:
    """Copy everything. Both stores stay open during the copy, so no server can open them.

    The target also gets the note that says whether the last run on the source ended cleanly.
    """
    was_clean = await source.open()
    is_clean = False
    try:
        await target.open()
        try:
            with _Bars() as bars:
                sums = await copy(
                    source,
                    target,
                    name,
                    wall_clock(),
                    into_existing=into_existing,
                    on_progress=bars.show,
                )
            is_clean = was_clean
        finally:
            await target.close(is_clean=is_clean)
    finally:
        await source.close(is_clean=was_clean)
    rows = sum(table.rows for table in sums.values())
    checked = (
        "not compared, as the target had rows before"
        if into_existing
        else "counts and digests are equal"
    )
    say(f"Copied {rows} rows of {len(sums)} tables; {checked}.")


def _name(place: str) -> str:
    return public_uri(place) if _is_mongo(place) else str(_path(place))


def _is_mongo(place: str) -> bool:
    return place.startswith(("mongodb://", "mongodb+srv://"))


def _are_one_file(source: str, target: str) -> bool:
    """Whether two paths lead to the same file."""
    try:
        return Path(source).samefile(target)
    except OSError:
        return False


def _path(place: str) -> Path:
    """Return the SQLite file of a place: an existing file, or `collab.db` in an existing folder.

    If the place does not exist, its name decides. A name with an extension is a file. A name
    without an extension, or with a slash at its end, is a folder for `collab.db`.
    """
    if scheme := _SCHEME.match(place):
        raise StoreUnavailable(
            f"{scheme[0]}… is no store. Use a folder, a SQLite file, or a URI that begins with "
            "mongodb://"
        )
    try:
        path = Path(place).expanduser().resolve()
    except RuntimeError:
        raise StoreUnavailable(f"{place}: there is no such home folder") from None
    is_folder = (
        path.is_dir() if path.exists() else place.endswith("/") or not _EXTENSION.search(path.name)
    )
    return path / SQLITE_NAME if is_folder else path


def _store(place: str, *, must_exist: bool) -> PortableStore:
    if _is_mongo(place):
        return mongo_store(place)
    if must_exist and not _path(place).exists():
        raise StoreUnavailable(f"{_path(place)} does not exist")
    return SqliteStore(_path(place))


class _Bars:
    """Shows a progress bar for each table, on terminals only."""

    def __init__(self) -> None:
        self._bar: tqdm[Any] = tqdm(disable=True)
        self._table = ""

    def __enter__(self) -> "_Bars":
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def show(self, table: str, done: int, total: int) -> None:
        if table != self._table:
            self._bar.close()
            self._table = table
            self._bar = tqdm(total=total, desc=f"{table:15}", unit="row", disable=None)
        self._bar.update(done - self._bar.n)
