"""Combines the parts of the embedded store, and opens and closes its file."""

import asyncio
import contextlib
import logging
import sqlite3
from pathlib import Path

from storage.background import end_task, start_task
from storage.base import Usage
from storage.errors import StoreUnavailable
from storage.records import Version
from storage.sqlite.accounts import SqliteAccountStore
from storage.sqlite.engine import Engine
from storage.sqlite.invites import SqliteInviteStore
from storage.sqlite.messages import SqliteMessageStore, seal_messages, unsealed_messages
from storage.sqlite.people.account_removal import SqliteAccountRemoval
from storage.sqlite.people.credentials import SqliteCredentialStore
from storage.sqlite.people.logins import SqliteLoginStore
from storage.sqlite.programs.program_tests import SqliteProgramTestStore
from storage.sqlite.rooms import SqliteRoomStore
from storage.sqlite.runs import SqliteRunStore
from storage.sqlite.sessions import SqliteSessionStore
from storage.sqlite.table_io import SqliteTableIO
from storage.sqlite.versions import SqliteVersionStore, seal_versions, unsealed_versions

_LOOK_S = 1.0
"""Seconds between two checks of the files.
If somebody deletes or renames a file of the open database, rows that are written before the next
check can be lost."""

_LAST_PAUSE_S = 60.0
"""Longest pause in seconds between failing attempts to restore files.
Each attempt may copy the whole database."""

_log = logging.getLogger(__name__)


class SqliteStore(
    SqliteAccountStore,
    SqliteAccountRemoval,
    SqliteCredentialStore,
    SqliteLoginStore,
    SqliteInviteStore,
    SqliteSessionStore,
    SqliteMessageStore,
    SqliteRoomStore,
    SqliteVersionStore,
    SqliteRunStore,
    SqliteProgramTestStore,
    SqliteTableIO,
):
    """A Store in one file; the contract is `storage.base.Store`.

    _passed_over  (session, number) of versions that get no checksum,
                  because they are on malformed pages
    """

    def __init__(self, path: Path) -> None:
        self._engine = Engine(path)
        self._looking: asyncio.Task[None] | None = None
        self._passed_over: set[tuple[str, int]] = set()

    async def open(self) -> bool:
        await self._engine.open()
        try:
            was_clean = await self._engine.write(_note_start)
        except BaseException:
            await self._engine.close()
            raise
        self._looking = start_task(self._look_after_files(), "look after files")
        return was_clean

    async def _look_after_files(self) -> None:
        pause_s = _LOOK_S
        while True:
            await asyncio.sleep(pause_s)
            try:
                await self._engine.mend()
                pause_s = _LOOK_S
            except StoreUnavailable as error:
                _log.error("the files of the database could not be put in order: %s", error)
                pause_s = min(pause_s * 2, _LAST_PAUSE_S)
            except Exception:
                _log.exception("the files of the database could not be looked at")
                pause_s = min(pause_s * 2, _LAST_PAUSE_S)

    async def close(self, *, is_clean: bool) -> None:
        await end_task(self._looking)
        with contextlib.suppress(StoreUnavailable):
            await self._engine.mend()
        try:
            if is_clean and self._engine.is_open:
                await self._engine.write(
                    lambda db: db.execute("UPDATE meta SET value = 'closed' WHERE key = 'state'")
                )
        finally:
            await self._engine.close()

    async def ping(self) -> None:
        await self._engine.read(
            lambda db: db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        )

    async def seal_rows(self, limit: int) -> int:
        def look(db: sqlite3.Connection) -> tuple[list[Version], int]:
            return unsealed_versions(db, limit, self._passed_over)

        def work(db: sqlite3.Connection, unsealed: tuple[list[Version], int]) -> int:
            versions, looked_at = unsealed
            seal_versions(db, versions)
            return looked_at

        return await self._engine.write_after(look, work) or await self._engine.write_after(
            lambda db: unsealed_messages(db, limit), seal_messages
        )

    async def usage(self, user_id: str) -> Usage:
        return await self._engine.read(lambda db: _usage(db, user_id))

    async def count_usage(self, limit: int) -> int:
        return 0  # triggers keep the counters, in the same transaction as the rows that they count

    async def look(self) -> str:
        """Return "a server" if a server has the file open, else "", without changing anything.

        Raises StoreUnavailable in the cases in which `open` raises it, except when a server has the
        file open.
        """
        return "a server" if await self._engine.rehearse(_note_start) else ""

    async def release(self) -> None:
        """Close a store that was not opened, but from which rows were read."""
        await self._engine.close()


def _note_start(db: sqlite3.Connection) -> bool:
    """Note that a server has started; return whether the previous one ended cleanly."""
    row = db.execute("SELECT value FROM meta WHERE key = 'state'").fetchone()
    db.execute(
        "INSERT INTO meta VALUES ('state', 'running') ON CONFLICT DO UPDATE SET value = 'running'"
    )
    return row is None or row["value"] == "closed"


def _usage(db: sqlite3.Connection, user_id: str) -> Usage:
    row = db.execute(
        "SELECT count(*), coalesce(sum(bytes), 0) + coalesce((SELECT length(data) FROM avatars "
        "WHERE user_id = ?), 0)"
        " FROM sessions JOIN usage ON usage.session_id = sessions.id WHERE owner_id = ?",
        (user_id, user_id),
    ).fetchone()
    return Usage(row[0], row[1])
