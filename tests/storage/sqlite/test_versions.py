"""Tests of versions on malformed pages: other versions are listed, read and made."""

import os
import sqlite3
from functools import partial
from pathlib import Path

import pytest

from storage.errors import RowDamaged
from storage.records import VersionKind
from storage.sqlite.store import SqliteStore
from tests.storage.faults import break_page
from tests.storage.rows import MANY, Seed, chunk, message, version
from tests.storage.sqlite.store_files import opened


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    """A closed store with five versions, forty messages and forty chunks.

    Each version is on a page of its own.
    """
    file = tmp_path / "collab.db"
    store = SqliteStore(file)
    await store.open()
    await Seed(store).session()
    await Seed(store).session("s2")
    for number in range(1, 6):
        await store.add_version(version(os.urandom(1_700).hex(), label=f"<label {number}>"), MANY)
    for number in range(1, 41):
        await store.add_message(message(f"<text {number}>" + "x" * 700))
        await store.append_chunks([chunk(number, number, b"<chunk %d>" % number + os.urandom(700))])
    await store.close(is_clean=True)
    return file


async def test_malformed_page_damages_one_version_only(path: Path) -> None:
    break_page(path, b"<label 3>")
    store = await opened(path)

    for with_files in (True, False):
        listed = await store.versions("s1", None, MANY, with_files=with_files)
        assert [(version.number, version.is_damaged) for version in listed] == [
            (5, False), (4, False), (3, True), (2, False), (1, False),
        ]  # fmt: skip
    assert [
        version.files is None for version in await store.versions("s1", None, MANY, with_files=True)
    ].count(True) == 1
    version = await store.version("s1", 3)
    assert version
    assert version.is_damaged
    await store.close(is_clean=True)


async def test_number_of_newest_version_on_malformed_page_is_not_used_again(path: Path) -> None:
    """The number of the newest version comes from the index.

    If the row were left out, another version would get its number.
    """
    break_page(path, b"<label 5>")
    store = await opened(path)

    newest = await store.newest_version("s1")

    assert newest
    assert (newest.number, newest.is_damaged) == (5, True)
    await store.close(is_clean=True)


def _forget_checksums(table: str, db: sqlite3.Connection) -> None:
    db.execute(f"UPDATE {table} SET checksum = NULL")


@pytest.mark.parametrize("kind", list(VersionKind))
async def test_session_with_malformed_page_of_versions_takes_new_ones(
    path: Path, kind: VersionKind
) -> None:
    """New versions are stored even if old ones must be deleted, and the damaged one stays."""
    break_page(path, b"<label 1>")
    store = await opened(path)

    new, is_new = await store.add_version(version("new", kind=kind), MANY)
    counts = await store.count_versions("s1")
    await store.add_version(version("automatic", kind=VersionKind.AUTO), MANY)
    await store.add_version(version("newer", kind=VersionKind.AUTO), MANY, auto_limit=1)

    assert (new.number, is_new) == (6, True)
    assert counts == (6, int(kind is VersionKind.AUTO))
    listed = await store.versions("s1", None, MANY, with_files=False)
    numbers = [5, 4, 3, 2, 1] if kind is VersionKind.AUTO else [6, 5, 4, 3, 2, 1]
    assert [version.number for version in listed] == [8, *numbers]
    await store.close(is_clean=True)


async def test_rows_that_are_not_on_a_malformed_page_get_checksums(path: Path) -> None:
    """The version on the malformed page cannot be changed, so only it gets no checksum."""
    older = await opened(path)
    for table in ("versions", "messages"):
        await older._engine.write(partial(_forget_checksums, table))
    await older.close(is_clean=True)
    break_page(path, b"<label 3>")
    store = await opened(path)

    while await store.seal_rows(1):
        pass

    left = await store._engine.read(
        lambda db: [
            [
                tuple(row)
                for row in db.execute(f"SELECT {number} FROM {table} WHERE checksum IS NULL")
            ]
            for table, number in (("versions", "number"), ("messages", "sequence"))
        ]
    )
    assert left == [[(3,)], []]
    await store.close(is_clean=True)


async def test_malformed_page_of_chat_damages_its_messages_only(path: Path) -> None:
    """A page holds several messages, and each damaged message keeps its place in the list."""
    break_page(path, b"<text 1>" + b"x" * 100)  # the index of ids has fewer of these bytes
    store = await opened(path)

    messages = await store.messages("s1", None, MANY)

    assert [message.sequence for message in messages] == list(range(1, 41))
    damaged = [message.sequence for message in messages if message.is_damaged]
    assert damaged == list(range(1, damaged[-1] + 1))
    assert len(damaged) < 10
    await store.close(is_clean=True)


async def test_malformed_page_of_log_is_permanent_and_spares_other_sessions(path: Path) -> None:
    """The error is permanent, because waiting does not help.

    The logs of other sessions are written.
    """
    break_page(path, b"<chunk 1>")
    store = await opened(path)

    with pytest.raises(RowDamaged, match="damaged") as caught:
        await store.chunks("s1", 0, MANY)
    await store.append_chunks([chunk(1, 1, session_id="s2")])

    assert "<chunk" not in str(caught.value)
    assert await store.chunks("s2", 0, MANY) == [chunk(1, 1, session_id="s2")]
    await store.close(is_clean=True)


async def test_title_that_is_not_utf8_is_shown_with_replacements(path: Path) -> None:
    """A title that is not UTF-8 is shown, although SQLite itself would refuse its row."""
    store = await opened(path)
    await store._engine.write(
        lambda db: db.execute(
            "UPDATE sessions SET title = CAST(x'736563726574ff' AS TEXT) WHERE id = 's1'"
        )
    )

    session = await store.session("s1")

    assert session
    assert session.title == "secret\ufffd"
    assert [
        listing.session
        for listing in await store.sessions_of("u-ada", None, MANY)
        if listing.session.id == "s1"
    ] == [session]
    await store.close(is_clean=True)
