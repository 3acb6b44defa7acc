"""Tests of rows that damage on the disk has changed, and of rows of earlier releases."""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from storage.base import Store
from storage.mongo.store import MongoStore
from storage.sqlite.store import SqliteStore
from tests.storage.rows import MANY, Seed, invite, login, member, message, run, version

Change = Callable[[Any], Any]
NO_TEXT = b"\xff\xfe"
"""Bytes that are not UTF-8. SQLite keeps them in a text; in MongoDB they are another type."""
_BAD = ("nonsense", NO_TEXT, 7, 1 << 62)
_COLUMNS = {
    "sessions": (
        "title",
        "language",
        "access",
        "join_role",
        "status",
        "runs",
        "main_root",
        "created_at",
        "updated_at",
    ),
    "members": ("role", "joined_at", "read_sequence"),
    "users": (
        "username",
        "full_name",
        "avatar",
        "avatar_key",
        "guest_of",
        "created_at",
        "password_hash",
    ),
    "refresh_tokens": (
        "device",
        "created_at",
        "used_at",
        "rotated_at",
        "ends_at",
        "generation",
        "earlier_hashes",
    ),
    "invites": ("role", "created_by", "created_at", "max_uses", "uses"),
    "messages": ("id", "sender_id", "sender_name", "text", "created_at"),
    "versions": (
        "sequence",
        "main_root",
        "label",
        "kind",
        "author_id",
        "author_name",
        "contributors",
        "created_at",
    ),
    "runs": ("id", "user_id", "user_name", "sequence", "outcome", "created_at", "content"),
}
"""The columns of each table that lists show."""
_PLACES: dict[str, dict[str, Any]] = {
    "sessions": {"id": "s2"},
    "members": {"session_id": "s2", "user_id": "u-bob"},
    "users": {"id": "u-bob"},
    "refresh_tokens": {"id": "l-bob-1"},
    "invites": {"id": "i-s2-0001"},
    "messages": {"session_id": "s2", "sequence": 1},
    "versions": {"session_id": "s2", "number": 1},
    "runs": {"session_id": "s2", "number": 1},
}


async def change(
    store: Store, table: str, place: dict[str, Any], changes: dict[str, Any | Change]
) -> None:
    """Change columns of a row without the store. The new value may be a function of the old one."""
    if isinstance(store, SqliteStore):
        await store._engine.write(lambda db: _change_row(db, table, place, changes))
    else:
        assert isinstance(store, MongoStore)
        await _change_document(store, table, place, changes)


def _change_row(
    db: Any, table: str, place: dict[str, Any], changes: dict[str, Any | Change]
) -> None:
    where = " AND ".join(f"{name} = :{name}" for name in place)
    row = db.execute(f"SELECT * FROM {table} WHERE {where}", place).fetchone()
    values = {
        f"new_{name}": new(row[name]) if callable(new) else new for name, new in changes.items()
    }
    marks = {
        name: f"CAST(:new_{name} AS TEXT)" if new == NO_TEXT else f":new_{name}"
        for name, new in changes.items()
    }
    names = ", ".join(f"{name} = {mark}" for name, mark in marks.items())
    db.execute(f"UPDATE {table} SET {names} WHERE {where}", {**place, **values})


async def _change_document(
    store: MongoStore, table: str, place: dict[str, Any], changes: dict[str, Any]
) -> None:
    collection = store._engine.db[table]
    place = {"_id" if name == "id" else name: value for name, value in place.items()}
    document = await collection.find_one(place)
    assert document
    values = {name: new(document[name]) if callable(new) else new for name, new in changes.items()}
    await collection.update_one(place, {"$set": values})


def flipped(data: bytes) -> bytes:
    """Return the data with one bit in the middle flipped."""
    at = len(data) // 2
    return data[:at] + bytes((data[at] ^ 4,)) + data[at + 1 :]


def place(number: int, name: str = "number") -> dict[str, Any]:
    return {"session_id": "s1", name: number}


@pytest.fixture
async def texts(store: Store, seed: Seed) -> Store:
    """A store with three versions and three messages."""
    await seed.session()
    for number in (1, 2, 3):
        await store.add_version(version(f"code {number}", label=f"label {number}"), MANY)
        await store.add_message(message(f"text {number}"))
    return store


class TestVersions:
    async def test_version_with_flipped_bit_has_no_text_and_others_have(self, texts: Store) -> None:
        """A damaged version has no text in any answer, and the list has all versions."""
        await change(texts, "versions", place(2), {"content": flipped})

        listed = await texts.versions("s1", None, MANY, with_files=True)

        assert [(version.number, version.is_damaged, version.files) for version in listed] == [
            (3, False, {"code": "code 3"}), (2, True, None), (1, False, {"code": "code 1"}),
        ]  # fmt: skip
        assert (listed[1].label, listed[1].author_id) == ("label 2", "u-ada")
        assert await texts.version("s1", 2) == listed[1]

    @pytest.mark.parametrize("name", ["label", "main_root", "author_id"])
    async def test_version_with_changed_description_shows_nothing(
        self, texts: Store, name: str
    ) -> None:
        await change(texts, "versions", place(2), {name: "changed"})

        for with_files in (True, False):
            listed = await texts.versions("s1", None, MANY, with_files=with_files)
            assert [row.is_damaged for row in listed] == [False, True, False]
            assert (listed[1].number, listed[1].label, listed[1].files) == (2, "", None)

    async def test_version_of_unknown_kind_is_damaged(self, texts: Store) -> None:
        await change(texts, "versions", place(2), {"kind": "nonsense"})

        assert [version.is_damaged for version in await texts.versions("s1", None, MANY,
                                                               with_files=True)] == [
            False, True, False,
        ]  # fmt: skip

    async def test_version_after_damaged_one_has_next_number(self, texts: Store) -> None:
        """A new version is stored, even if the damaged version had the same text."""
        await change(texts, "versions", place(3), {"content": flipped})

        stored, is_new = await texts.add_version(version("code 3"), MANY)

        assert (stored.number, is_new) == (4, True)
        newest = await texts.newest_version("s1")
        assert newest == stored

    async def test_redaction_drops_the_content_of_a_damaged_version(self, texts: Store) -> None:
        await change(texts, "versions", place(2), {"content": flipped})
        damaged = await texts.version("s1", 2)
        assert damaged

        await texts.redact_version(damaged)

        assert await self._contents(texts) == b""
        assert await texts.version("s1", 2) == damaged

    async def _contents(self, store: Store) -> bytes:
        """Return the stored content of the second version."""
        values: list[bytes] = []

        def note(data: bytes) -> bytes:
            values.append(data)
            return data

        await change(store, "versions", place(2), {"content": note})
        return values[0]

    async def test_version_of_deleted_author_is_not_damaged(self, texts: Store, seed: Seed) -> None:
        await change(texts, "versions", place(2), {"author_name": ""})

        assert [
            version.is_damaged
            for version in await texts.versions("s1", None, MANY, with_files=True)
        ] == [False] * 3


class TestMessages:
    @pytest.mark.parametrize(
        "changed", [{"text": "text 9"}, {"sender_id": "u-bob"}, {"created_at": 1}]
    )
    async def test_message_that_changed_keeps_its_place_only(
        self, texts: Store, changed: dict[str, Any]
    ) -> None:
        await change(texts, "messages", place(2, "sequence"), changed)

        messages = await texts.messages("s1", None, MANY)

        assert [(message.sequence, message.is_damaged, message.text) for message in messages] == [
            (1, False, "text 1"), (2, True, ""), (3, False, "text 3"),
        ]  # fmt: skip


class TestRuns:
    @pytest.fixture
    async def three(self, store: Store, seed: Seed) -> Store:
        await seed.session()
        for number in (1, 2, 3):
            await store.add_run(run(f"output {number}"), MANY)
        return store

    async def test_run_with_flipped_bit_has_no_report_and_others_have(self, three: Store) -> None:
        """The list has all runs, and the damaged run has its description."""
        await change(three, "runs", place(2), {"content": flipped})

        listed = await three.runs("s1", None, MANY, with_reports=True)

        assert [(run.number, run.is_damaged, run.report is None) for run in listed] == [
            (3, False, False), (2, True, True), (1, False, False),
        ]  # fmt: skip
        assert listed[1].user_id == "u-ada"
        assert await three.run("s1", 2) == listed[1]

    @pytest.mark.parametrize(
        "changed", [{"user_id": "u-bob"}, {"outcome": "failed"}, {"sequence": 1}, {"created_at": 1}]
    )
    async def test_run_with_changed_description_shows_nothing(
        self, three: Store, changed: dict[str, Any]
    ) -> None:
        await change(three, "runs", place(2), changed)

        for with_reports in (True, False):
            listed = await three.runs("s1", None, MANY, with_reports=with_reports)
            assert [row.is_damaged for row in listed] == [False, True, False]
            assert (listed[1].number, listed[1].user_id, listed[1].report) == (2, "", None)

    async def test_run_after_damaged_one_has_next_number(self, three: Store) -> None:
        """Damaged runs are dropped when they are the oldest, like all others."""
        await change(three, "runs", place(3), {"content": flipped})

        assert (await three.add_run(run("output 4"), 2)).number == 4
        assert (await three.add_run(run("output 5"), 1)).number == 5
        assert [run.number for run in await three.runs("s1", None, MANY, with_reports=True)] == [5]


class TestEarlierReleases:
    """Rows without checksums are read, get checksums in batches, and are then guarded."""

    @pytest.fixture
    async def older(self, texts: Store) -> Store:
        for number in (1, 2, 3):
            await change(texts, "messages", place(number, "sequence"), {"checksum": None})
            await self._make_older(texts, number, {"code": f"code {number}"})
        return texts

    async def _make_older(self, store: Store, number: int, files: dict[str, str]) -> None:
        """Change a version's row to the form that earlier releases wrote."""
        if isinstance(store, SqliteStore):
            changes: dict[str, Any] = {
                "checksum": None,
                "content": None,
                "files": json.dumps(files),
                "documents": "{}",
            }
            await change(store, "versions", place(number), changes)
        else:
            assert isinstance(store, MongoStore)
            await store._engine.db.versions.update_one(
                place(number),
                {"$set": {"files": json.dumps(files)}, "$unset": {"checksum": "", "content": ""}},
            )

    async def test_rows_of_earlier_release_are_read(self, older: Store) -> None:
        versions = await older.versions("s1", None, MANY, with_files=True)
        assert [version.files for version in versions] == [
            {"code": "code 3"}, {"code": "code 2"}, {"code": "code 1"},
        ]  # fmt: skip
        assert [message.text for message in await older.messages("s1", None, MANY)] == [
            "text 1",
            "text 2",
            "text 3",
        ]

    async def test_rows_of_earlier_release_get_checksums_in_batches(self, older: Store) -> None:
        before = await older.versions("s1", None, MANY, with_files=True)

        counts: list[int] = []
        while counts[-1:] != [0]:
            counts.append(await older.seal_rows(2))

        assert counts == [2, 1, 3, 0]
        assert await older.versions("s1", None, MANY, with_files=True) == before
        await change(older, "versions", place(2), {"content": flipped})
        await change(older, "messages", place(2, "sequence"), {"text": "other"})
        assert [version.is_damaged for version in await older.versions("s1", None, MANY,
                                                               with_files=True)] == [
            False, True, False,
        ]  # fmt: skip
        assert [message.is_damaged for message in await older.messages("s1", None, MANY)] == [
            False,
            True,
            False,
        ]

    async def test_damaged_row_of_earlier_release_is_marked_and_others_are_sealed(
        self, older: Store
    ) -> None:
        """A row whose text is not JSON does not keep other rows from getting checksums."""
        await change(older, "versions", place(2), {"files": "{ruined"})

        while await older.seal_rows(1):
            pass

        versions = await older.versions("s1", None, MANY, with_files=True)
        assert [version.is_damaged for version in versions] == [False, True, False]

    async def test_version_of_earlier_release_is_redacted(self, older: Store) -> None:
        version = await older.version("s1", 2)
        assert version

        await older.redact_version(replace(version, files={"code": "gone"}))

        again = await older.version("s1", 2)
        assert again == replace(version, files={"code": "gone"})


async def test_store_without_older_rows_has_nothing_to_seal(texts: Store) -> None:
    assert await texts.seal_rows(10) == 0


def _note(values: list[Any], value: Any) -> Any:
    values.append(value)
    return value


class TestLists:
    """An unreadable row makes no list fail. Lists show its readable parts, and all other rows."""

    @pytest.mark.parametrize("has_checksum", [True, False])
    @pytest.mark.parametrize(
        ("table", "column"),
        [(table, column) for table, names in _COLUMNS.items() for column in names],
    )
    async def test_list_with_bad_value_has_all_rows(
        self, store: Store, seed: Seed, table: str, column: str, has_checksum: bool
    ) -> None:
        if not has_checksum and table not in ("messages", "versions"):
            return
        await self._fill(store, seed)
        before = await self._all(store)
        for bad in _BAD:
            if not has_checksum:
                await change(store, table, _PLACES[table], {"checksum": None})
            was: list[Any] = []
            await change(store, table, _PLACES[table], {column: partial(_note, was)})
            await change(store, table, _PLACES[table], {column: bad})
            lists = await self._all(store)

            assert {name: [key for key, _ in rows] for name, rows in lists.items()} == {
                name: [key for key, _ in rows] for name, rows in before.items()
            }
            for name, rows in lists.items():
                changed = [
                    key
                    for (key, row), (_, old) in zip(rows, before[name], strict=True)
                    if row != old
                ]
                assert len(changed) <= 1
                json.dumps([repr(row) for _, row in rows], ensure_ascii=False).encode()
            await change(store, table, _PLACES[table], {column: was[0]})

    async def test_pages_continue_after_session_without_time(
        self, store: Store, seed: Seed
    ) -> None:
        await self._fill(store, seed)
        for bad in _BAD:
            await change(store, "sessions", {"id": "s2"}, {"updated_at": bad})

            ids: list[str] = []
            before = None
            while listed := await store.sessions_of("u-bob", before, 1):
                ids += [listing.session.id for listing in listed]
                before = (listed[-1].session.updated_at, listed[-1].session.id)

            assert ids == ["s3", "s1", "s2"]

    async def _fill(self, store: Store, seed: Seed) -> None:
        for number in (1, 2, 3):
            session_id = f"s{number}"
            await seed.session(session_id)
            await store.add_message(message("text", session_id, id=f"m{number}"))
            await store.add_message(message("more", session_id, id=f"n{number}"))
            await store.add_version(version("code", session_id), MANY)
            await store.add_version(version("more code", session_id), MANY)
            await store.add_run(run("one", session_id), MANY)
            await store.add_run(run("two", session_id), MANY)
            await store.add_invite(invite(1, session_id), MANY)
            await store.add_invite(invite(2, session_id), MANY)
        await seed.user("bob")
        await store.add_login(login("bob", 2))
        for number in (1, 2, 3):
            await store.join(member("u-bob", f"s{number}"), MANY)

    async def _all(self, store: Store) -> dict[str, list[tuple[Any, Any]]]:
        """Return {list: [(key, row)]} of all lists, in an order that bad values do not change."""
        users = await store.users(["u-ada", "u-bob"])
        lists: dict[str, list[tuple[Any, Any]]] = {
            "sessions": [
                (listing.session.id, listing)
                for listing in await store.sessions_of("u-bob", None, MANY)
            ],
            "users": list(users.items()),
            "logins": [(login.id, login) for login in await store.logins("u-bob", 1)],
            "members": [(member.user_id, member) for member in await store.members("s2")],
            "invites": [
                (stored.id, stored) for stored, _ in await store.invites("s2", None, MANY, 5)
            ],
            "messages": [
                (message.sequence, message) for message in await store.messages("s2", None, MANY)
            ],
        }
        for session_id, members in (await store.members_of(["s1", "s2", "s3"])).items():
            lists[f"members of {session_id}"] = [(member.user_id, member) for member in members]
        for with_files in (True, False):
            versions = await store.versions("s2", None, MANY, with_files=with_files)
            lists[f"versions {with_files}"] = [(version.number, version) for version in versions]
            runs = await store.runs("s2", None, MANY, with_reports=with_files)
            lists[f"runs {with_files}"] = [(run.number, run) for run in runs]
        return {name: sorted(rows, key=lambda row: str(row[0])) for name, rows in lists.items()}
