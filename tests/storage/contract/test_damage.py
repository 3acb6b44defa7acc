"""Rows that the disk gave back otherwise than they were written, and rows of earlier releases."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from storage.base import Store
from storage.mongo.store import MongoStore
from storage.sqlite.store import SqliteStore
from tests.storage.rows import MANY, Seed, message, version

Change = Callable[[Any], Any]


async def change(store: Store, table: str, place: dict[str, Any], changes: dict[str, Any | Change]) -> None:
    """Change columns of a row behind the store's back; a function gets what is there."""
    if isinstance(store, SqliteStore):
        await store._engine.write(lambda db: _change_row(db, table, place, changes))
    else:
        assert isinstance(store, MongoStore)
        await _change_document(store, table, place, changes)


def _change_row(db: Any, table: str, place: dict[str, Any], changes: dict[str, Any | Change]) -> None:
    where = " AND ".join(f"{name} = :{name}" for name in place)
    row = db.execute(f"SELECT * FROM {table} WHERE {where}", place).fetchone()
    values = {f"new_{name}": new(row[name]) if callable(new) else new for name, new in changes.items()}
    names = ", ".join(f"{name} = :new_{name}" for name in changes)
    db.execute(f"UPDATE {table} SET {names} WHERE {where}", {**place, **values})


async def _change_document(store: MongoStore, table: str, place: dict[str, Any], changes: dict[str, Any]) -> None:
    collection = store._engine.db[table]
    document = await collection.find_one(place)
    assert document
    values = {name: new(document[name]) if callable(new) else new for name, new in changes.items()}
    await collection.update_one(place, {"$set": values})


def flipped(data: bytes) -> bytes:
    """Flip a bit in the middle."""
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
        """Wherever it is asked for; the list has all of them."""
        await change(texts, "versions", place(2), {"content": flipped})

        listed = await texts.versions("s1", None, MANY, with_files=True)

        assert [(one.number, one.is_damaged, one.files) for one in listed] == [
            (3, False, {"code": "code 3"}), (2, True, None), (1, False, {"code": "code 1"}),
        ]  # fmt: skip
        assert (listed[1].label, listed[1].author_id) == ("label 2", "u-ada")
        assert await texts.version("s1", 2) == listed[1]

    @pytest.mark.parametrize("name", ["label", "main_root", "author_id"])
    async def test_version_with_changed_description_shows_nothing(self, texts: Store, name: str) -> None:
        await change(texts, "versions", place(2), {name: "changed"})

        for with_files in (True, False):
            listed = await texts.versions("s1", None, MANY, with_files=with_files)
            assert [one.is_damaged for one in listed] == [False, True, False]
            assert (listed[1].number, listed[1].label, listed[1].files) == (2, "", None)

    async def test_version_of_unknown_kind_is_damaged(self, texts: Store) -> None:
        await change(texts, "versions", place(2), {"kind": "nonsense"})

        assert [one.is_damaged for one in await texts.versions("s1", None, MANY, with_files=True)] == [
            False, True, False,
        ]  # fmt: skip

    async def test_version_after_damaged_one_has_next_number(self, texts: Store) -> None:
        """It is stored whatever the damaged one may have been."""
        await change(texts, "versions", place(3), {"content": flipped})

        stored, is_new = await texts.add_version(version("code 3"), MANY)

        assert (stored.number, is_new) == (4, True)
        newest = await texts.newest_version("s1")
        assert newest == stored

    async def test_redaction_drops_what_a_damaged_version_has(self, texts: Store) -> None:
        await change(texts, "versions", place(2), {"content": flipped})
        damaged = await texts.version("s1", 2)
        assert damaged

        await texts.redact_version(damaged)

        assert await self._contents(texts) == b""
        assert await texts.version("s1", 2) == damaged

    async def _contents(self, store: Store) -> bytes:
        """Return what the second version's row has."""
        found: list[bytes] = []

        def note(data: bytes) -> bytes:
            found.append(data)
            return data

        await change(store, "versions", place(2), {"content": note})
        return found[0]

    async def test_name_of_deleted_author_is_no_damage(self, texts: Store, seed: Seed) -> None:
        await change(texts, "versions", place(2), {"author_name": ""})

        assert [one.is_damaged for one in await texts.versions("s1", None, MANY, with_files=True)] == [False] * 3


class TestMessages:
    @pytest.mark.parametrize("changed", [{"text": "text 9"}, {"sender_id": "u-bob"}, {"created_at": 1}])
    async def test_message_that_changed_keeps_its_place_only(self, texts: Store, changed: dict[str, Any]) -> None:
        await change(texts, "messages", place(2, "sequence"), changed)

        found = await texts.messages("s1", None, MANY)

        assert [(one.sequence, one.is_damaged, one.text) for one in found] == [
            (1, False, "text 1"), (2, True, ""), (3, False, "text 3"),
        ]  # fmt: skip


class TestEarlierReleases:
    """Rows without checksums are read, get theirs in batches, and are guarded from then on."""

    @pytest.fixture
    async def older(self, texts: Store) -> Store:
        for number in (1, 2, 3):
            await change(texts, "messages", place(number, "sequence"), {"checksum": None})
            await self._make_older(texts, number, {"code": f"code {number}"})
        return texts

    async def _make_older(self, store: Store, number: int, files: dict[str, str]) -> None:
        """Make a version's row what earlier releases wrote."""
        if isinstance(store, SqliteStore):
            changes: dict[str, Any] = {"checksum": None, "content": None, "files": json.dumps(files), "documents": "{}"}
            await change(store, "versions", place(number), changes)
        else:
            assert isinstance(store, MongoStore)
            await store._engine.db.versions.update_one(
                place(number), {"$set": {"files": json.dumps(files)}, "$unset": {"checksum": "", "content": ""}}
            )

    async def test_rows_of_earlier_release_are_read(self, older: Store) -> None:
        assert [one.files for one in await older.versions("s1", None, MANY, with_files=True)] == [
            {"code": "code 3"}, {"code": "code 2"}, {"code": "code 1"},
        ]  # fmt: skip
        assert [one.text for one in await older.messages("s1", None, MANY)] == ["text 1", "text 2", "text 3"]

    async def test_rows_of_earlier_release_get_checksums_in_batches(self, older: Store) -> None:
        before = await older.versions("s1", None, MANY, with_files=True)

        counts: list[int] = []
        while counts[-1:] != [0]:
            counts.append(await older.seal_rows(2))

        assert counts == [2, 1, 3, 0]
        assert await older.versions("s1", None, MANY, with_files=True) == before
        await change(older, "versions", place(2), {"content": flipped})
        await change(older, "messages", place(2, "sequence"), {"text": "other"})
        assert [one.is_damaged for one in await older.versions("s1", None, MANY, with_files=True)] == [
            False, True, False,
        ]  # fmt: skip
        assert [one.is_damaged for one in await older.messages("s1", None, MANY)] == [False, True, False]

    async def test_damaged_row_of_earlier_release_is_marked_and_passed_over(self, older: Store) -> None:
        """Its text is no JSON any more: it does not keep the others from getting theirs."""
        await change(older, "versions", place(2), {"files": "{ruined"})

        while await older.seal_rows(1):
            pass

        found = await older.versions("s1", None, MANY, with_files=True)
        assert [one.is_damaged for one in found] == [False, True, False]

    async def test_version_of_earlier_release_is_redacted(self, older: Store) -> None:
        found = await older.version("s1", 2)
        assert found

        await older.redact_version(replace(found, files={"code": "gone"}))

        again = await older.version("s1", 2)
        assert again == replace(found, files={"code": "gone"})


async def test_store_without_older_rows_has_nothing_to_seal(texts: Store) -> None:
    assert await texts.seal_rows(10) == 0
