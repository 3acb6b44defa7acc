"""Tests of the migration of older database files when this server opens them."""

import logging
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from storage.errors import StoreUnavailable
from storage.names import name_skeleton
from storage.people import AccountDeletion
from storage.records import Role, SessionListing
from storage.runs.records import Runners
from storage.sqlite.migrations import MIGRATIONS
from storage.sqlite.store import SqliteStore
from tests.storage.rows import (
    DAY,
    HOUR,
    NOW,
    Seed,
    checkpoint,
    chunk,
    login,
    member,
    message,
    run,
    session,
    user,
    version,
)

MANY = 1_000

_INTERIOR = (2, 5)
"""Values of the first byte of pages that point to other pages (SQLite's file format, 1.6)."""

SINCE_VERSION_1 = {
    "avatar_key",
    "guest_of",
    "is_deleted",
    "used_at",
    "read_sequence",
    "earlier_hashes",
    "documents",
    "is_damaged",
    "runs",
    "excerpt",
}
"""Fields of the records that a file of version 1 does not have."""

ADA = user("ada", username="Ada", avatar="https://pics.example.org/ada")
BOB = user("bob", username="Straße", email="Bob@Example.org")
MESSAGES = [
    message(text, sequence=number) for number, text in enumerate(("one", "two", "three"), 1)
]
LOGINS = [
    login("ada", 1, previous_hash="hash-before", generation=3, rotated_at=NOW + 5),
    login("ada", 2, rotated_at=NOW + 9),
    login("bob", 1),
]
MEMBERS = [
    member("u-ada", "s1", role=Role.OWNER),
    member("u-bob", "s1", joined_at=NOW + 1),
    member("u-gone", "s1", joined_at=NOW + 2, is_removed=True),
    member("u-bob", "s2", role=Role.OWNER),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of schema version 1 with rows in it."""
    made = tmp_path / "collab.db"
    with closing(sqlite3.connect(made)) as db:
        db.executescript(files("storage.sqlite").joinpath("1_schema.sql").read_text())
        _insert(db, "meta", {"key": "state", "value": "closed"})
        for user in (ADA, BOB):
            assert user.email
            keys = {"username_key": user.username.casefold(), "email_key": user.email.casefold()}
            _insert(db, "users", asdict(user) | keys)
        for login_row in LOGINS:
            _insert(db, "refresh_tokens", asdict(login_row))
        for session_row in (session("s1"), session("s2", owner_id="u-bob", updated_at=NOW + 1)):
            _insert(db, "sessions", asdict(session_row))
        for member_row in MEMBERS:
            _insert(db, "members", asdict(member_row))
        for message_row in MESSAGES:
            _insert(db, "messages", asdict(message_row))
        _insert(db, "log", asdict(chunk(1, 4)))
        _insert(db, "checkpoints", asdict(checkpoint(4)))
        described = asdict(version(number=1)) | {
            "contributors": '["u-ada","u-bob"]',
            "files": '{"code":"print(1)"}',
        }
        _insert(db, "versions", described)
        db.execute("PRAGMA user_version=1")
        db.commit()
    return made


class TestVersion1:
    async def test_migration_of_version_1_file_makes_newest_version(self, path: Path) -> None:
        """The file has the newest version and is sound. `open` tells how the last run ended."""
        store = SqliteStore(path)

        is_clean = await store.open()

        await store.close(is_clean=True)
        assert is_clean is True
        with closing(sqlite3.connect(path)) as db:
            assert db.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert db.execute("PRAGMA foreign_key_check").fetchall() == []

    async def test_migration_keeps_users_and_names(self, path: Path) -> None:
        """Users stay the same, with the same names, and nobody is a guest or deleted."""
        store = SqliteStore(path)
        await store.open()

        users = await store.users(["u-ada", "u-bob"])
        by_name = [
            await store.user_by_name(name)
            for name in ("ada", "ADA@example.org", "STRASSE", "bob@example.org")
        ]

        await store.close(is_clean=True)
        assert dict(users) == {"u-ada": ADA, "u-bob": BOB}
        assert by_name == [ADA, ADA, BOB, BOB]

    async def test_migration_keeps_logins_with_last_refresh_as_last_use(self, path: Path) -> None:
        """Logins go on, and the last use of each is its last refresh."""
        store = SqliteStore(path)
        await store.open()

        listed = await store.logins("u-ada", NOW)
        signed_in = await store.signed_in("l-bob-1", NOW)
        rotated, _ = await store.rotate_login(
            "l-ada-1", "hash-0", "hash-1", NOW + 20, NOW + HOUR, 0
        )

        await store.close(is_clean=True)
        assert listed == [
            login("ada", 2, rotated_at=NOW + 9, used_at=NOW + 9),
            login(
                "ada",
                1,
                previous_hash="hash-before",
                generation=3,
                rotated_at=NOW + 5,
                used_at=NOW + 5,
            ),
        ]
        assert signed_in == BOB
        assert (rotated.generation, rotated.used_at) == (4, NOW + 20)

    async def test_migration_marks_earlier_messages_as_read(self, path: Path) -> None:
        """All members, even removed ones, have read the earlier messages and no later message."""
        store = SqliteStore(path)
        await store.open()

        before = await store.sessions_of("u-bob", None, MANY)
        removed = await store.member("s1", "u-gone")
        await store.add_message(message("new"))
        after = await store.read_messages("s1", "u-bob", 0)

        await store.close(is_clean=True)
        assert before == [
            SessionListing(
                session("s2", owner_id="u-bob", updated_at=NOW + 1),
                member("u-bob", "s2", role=Role.OWNER),
                0,
            ),
            SessionListing(
                session("s1"), member("u-bob", "s1", joined_at=NOW + 1, read_sequence=3), 0
            ),
        ]
        assert removed == member("u-gone", joined_at=NOW + 2, is_removed=True, read_sequence=3)
        assert after == 1

    async def test_migration_keeps_chat_log_checkpoint_and_versions(self, path: Path) -> None:
        """Chat, log, checkpoint and versions stay the same, and new rows can follow."""
        store = SqliteStore(path)
        await store.open()

        rows = [
            await store.messages("s1", None, MANY),
            await store.chunks("s1", 0, MANY),
            await store.checkpoint("s1"),
            await store.versions("s1", None, MANY, with_files=True),
        ]
        gone = await store.append_chunks([chunk(5, 6)])
        added, is_new = await store.add_version(version("print(2)"), MANY)

        await store.close(is_clean=True)
        assert rows == [MESSAGES, [chunk(1, 4)], checkpoint(4), [version(number=1)]]
        assert gone == set()
        assert (added.number, is_new) == (2, True)

    async def test_migrated_file_supports_invites_guests_and_account_removal(
        self, path: Path
    ) -> None:
        """Invites, guests and account removal work with rows from before the migration."""
        store = SqliteStore(path)
        await store.open()
        seed = Seed(store)

        await seed.invite()
        gil = await seed.guest("gil", username="ADA")
        swept = await store.sweep(NOW + 2 * DAY, NOW + DAY, MANY)
        deletion = await store.delete_user("u-ada", NOW, deletes_sessions=False)
        members = await store.members("s1")

        await store.close(is_clean=True)
        assert swept == [gil]
        assert deletion.inherited == {"s1": "u-bob"}
        assert deletion.deleted == AccountDeletion().deleted
        assert [(member.user_id, member.role) for member in members] == [("u-bob", Role.OWNER)]

    async def test_migration_of_previous_release_keeps_counters_and_lets_editors_run(
        self, path: Path
    ) -> None:
        """The counters of bytes are kept, without reading all rows for them again."""
        with closing(sqlite3.connect(path)) as db:
            db.create_function("name_skeleton", 1, name_skeleton)
            db.create_function("session_bytes", 1, lambda _: 5)
            for script in MIGRATIONS[1 : MIGRATIONS.index("9_runs.sql")]:
                db.executescript(files("storage.sqlite").joinpath(script).read_text())
            db.execute(f"PRAGMA user_version={MIGRATIONS.index('9_runs.sql')}")
            db.commit()
        store = SqliteStore(path)
        await store.open()

        usage = await store.usage("u-ada")
        session = await store.session("s1")
        added = await store.add_run(run(), MANY)

        await store.close(is_clean=True)
        assert session
        assert (usage.bytes, session.runs, added.number) == (5, Runners.EDITORS, 1)

    async def test_migration_runs_once(self, path: Path) -> None:
        """A second start does not mark later messages as read."""
        store = SqliteStore(path)
        await store.open()
        await store.add_message(message("new"))
        await store.touch_logins(["l-ada-1"], NOW + 30)
        await store.close(is_clean=True)

        again = SqliteStore(path)
        await again.open()
        left = await again.read_messages("s1", "u-bob", 0)
        listed = await again.logins("u-ada", NOW)

        await again.close(is_clean=True)
        assert left == 1
        assert [login.used_at - NOW for login in listed] == [30, 9]

    async def test_migration_that_fails_leaves_file_unchanged(self, path: Path) -> None:
        """If a new table's name is in use, the file stays as it was. A later try can succeed."""
        with closing(sqlite3.connect(path)) as db:
            db.execute("CREATE TABLE tickets (x)")
        before = _dump(path)

        with pytest.raises(StoreUnavailable):
            await SqliteStore(path).open()

        assert _dump(path) == before
        with closing(sqlite3.connect(path)) as db:
            db.execute("DROP TABLE tickets")
        store = SqliteStore(path)
        await store.open()
        assert await store.user("u-ada") == ADA
        await store.close(is_clean=True)

    @pytest.mark.parametrize("table", ["versions", "messages", "log"])
    async def test_migration_leaves_out_rows_on_a_malformed_page(
        self, path: Path, table: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A file with a malformed page is migrated without the rows on that page.

        The earlier release could use such a file, too.
        """
        with closing(sqlite3.connect(path)) as db:
            for script in MIGRATIONS[1:4]:
                db.executescript(files("storage.sqlite").joinpath(script).read_text())
            db.execute("PRAGMA user_version=4")
            for number in range(10, 60):
                _insert(db, "messages", asdict(message(f"<{number}>" + "x" * 700, sequence=number)))
                _insert(db, "log", asdict(chunk(number, number, b"<%d>" % number + bytes(700))))
                described = asdict(version(number=number)) | {
                    "contributors": "[]",
                    "files": f'{{"code":"{"x" * 1_500}"}}',
                }
                _insert(db, "versions", described)
            db.commit()
            _break_first_leaf(db, path, table)
        store = SqliteStore(path)

        with caplog.at_level(logging.CRITICAL, "storage.sqlite.migrations"):
            await store.open()

        assert (await store.user("u-ada")) == ADA
        versions, messages = (
            await store.versions("s1", None, MANY, with_files=True),
            await store.messages("s1", None, MANY),
        )
        assert any(version.is_damaged for version in versions) is (table == "versions")
        assert any(message.is_damaged for message in messages) is (table == "messages")
        assert (await store.usage("u-ada")).bytes > 50 * 700 + (
            50 * 700 if table == "versions" else 0
        )
        await store.close(is_clean=True)

    async def test_migration_that_fails_late_leaves_the_file_unchanged(self, path: Path) -> None:
        """If a late step fails, the file stays as it was, so the old server can open it."""
        with closing(sqlite3.connect(path)) as db:
            db.execute("CREATE TABLE usage (x)")
        before = _dump(path)

        with pytest.raises(StoreUnavailable):
            await SqliteStore(path).open()

        assert _dump(path) == before

    async def test_migrated_file_has_schema_of_new_file(self, path: Path, tmp_path: Path) -> None:
        """A migrated file and a new file have the same tables, columns and indexes."""
        new = tmp_path / "new" / "collab.db"
        for file in (path, new):
            store = SqliteStore(file)
            await store.open()
            await store.close(is_clean=True)

        assert _schema(path) == _schema(new)


def _insert(db: sqlite3.Connection, table: str, row: Mapping[str, Any]) -> None:
    known = {name: value for name, value in row.items() if name not in SINCE_VERSION_1}
    places = ", ".join(f":{name}" for name in known)
    db.execute(f"INSERT INTO {table} ({', '.join(known)}) VALUES ({places})", known)


def _break_first_leaf(db: sqlite3.Connection, path: Path, table: str) -> None:
    """Overwrite the head of the first leaf of a table's tree, so that SQLite calls it malformed."""
    (root,) = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).fetchone()
    (size,) = db.execute("PRAGMA page_size").fetchone()
    db.close()
    data, page = bytearray(path.read_bytes()), root
    while data[(at := (page - 1) * size)] in _INTERIOR:
        cell = at + int.from_bytes(data[at + 12 : at + 14])
        page = int.from_bytes(data[cell : cell + 4])
    assert page != root
    data[at : at + 8] = b"\xff" * 8
    path.write_bytes(data)


def _dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as db:
        return [*db.iterdump(), str(db.execute("PRAGMA user_version").fetchone())]


def _schema(path: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(path)) as db:
        return sorted(db.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL"))
