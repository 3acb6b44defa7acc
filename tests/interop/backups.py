"""Backups of a server's data, made and restored as docs/storage.md says."""

import asyncio
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.processes import ServerProcess


async def make_backup(server: ServerProcess, data: Path, way: str) -> None:
    """Copy the folder of a stopped server, or the database of a running one."""
    backup = data.with_name("backup")
    shutil.rmtree(backup, ignore_errors=True)
    if way == "cold":
        assert await server.terminate() == 0
        shutil.copytree(data, backup)
        await server.start()
        return
    backup.mkdir()
    shutil.copy(data / "secret", backup)
    await asyncio.to_thread(_copy_database, data / "collab.db", backup / "collab.db")


def _copy_database(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as running, closing(sqlite3.connect(target)) as copy:
        running.backup(copy)


async def restore_backup(server: ServerProcess, data: Path, *, has_restart: bool) -> None:
    """Replace the data by the backup, and start the server.

    has_restart  whether to restart the server once more before any client connects
    """
    assert await server.terminate() == 0
    shutil.rmtree(data)
    shutil.copytree(data.with_name("backup"), data)
    await server.start()
    if has_restart:
        assert await server.terminate() == 0
        await server.start()
