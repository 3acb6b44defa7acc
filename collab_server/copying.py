"""The command `collab-server copy`: a whole server's data from one store to another."""

import sys
from pathlib import Path
from typing import Any

from tqdm import tqdm

from collab_server.app import wall_clock
from collab_server.stores import SQLITE_NAME, mongo_store, public_uri
from storage.copying import CopyRefused, PortableStore, copy
from storage.errors import StoreError, StoreUnavailable
from storage.sqlite.store import SqliteStore

FAILED = 2


async def run(source: str, target: str, *, into_existing: bool) -> int:
    """Copy; print what was done, or one line of what is wrong. Returns the exit code.

    source, target  a data folder, a SQLite file, or a MongoDB URI
    """
    try:
        if _name(source) == _name(target):
            raise CopyRefused("source and target are the same")
        from_store, to_store = _store(source, must_exist=True), _store(target, must_exist=False)
        await _copy(from_store, to_store, _name(source), into_existing=into_existing)
    except StoreError as error:
        print(f"collab-server: {error}", file=sys.stderr)
        return FAILED
    return 0


async def _copy(source: PortableStore, target: PortableStore, name: str, *, into_existing: bool) -> None:
    """Both stores are open meanwhile, which keeps servers out; how the source ended is kept for the target."""
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
    checked = "not compared, as the target had rows before" if into_existing else "counts and digests are equal"
    print(f"Copied {rows} rows of {len(sums)} tables; {checked}.")


def _name(place: str) -> str:
    return public_uri(place) if _is_mongo(place) else str(_path(place))


def _is_mongo(place: str) -> bool:
    return place.startswith(("mongodb://", "mongodb+srv://"))


def _path(place: str) -> Path:
    path = Path(place).resolve()
    return path if path.suffix == ".db" else path / SQLITE_NAME


def _store(place: str, *, must_exist: bool) -> PortableStore:
    if _is_mongo(place):
        return mongo_store(place)
    if must_exist and not _path(place).exists():
        raise StoreUnavailable(f"{_path(place)} does not exist")
    return SqliteStore(_path(place))


class _Bars:
    """One progress bar a table, on a terminal only."""

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
