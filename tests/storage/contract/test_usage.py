"""Tests of `RoomStore.usage`, which returns how much storage a user's sessions take.

The counters are compared with the stored rows after every kind of write.
"""

import os
from dataclasses import replace
from typing import Any

import pytest

from storage.base import Store
from storage.mongo.store import MongoStore
from storage.records import VersionKind
from storage.sqlite.store import SqliteStore
from tests.storage.conftest import Connect
from tests.storage.rows import (
    MANY,
    NOW,
    Seed,
    avatar,
    checkpoint,
    chunk,
    family,
    message,
    program_test,
    report,
    run,
    version,
)


async def there(store: Any, *session_ids: str) -> int:
    """Return the number of stored bytes of sessions, counted row by row."""
    total = 0
    for session_id in session_ids:
        total += sum([len(chunk.data) for chunk in await store.chunks(session_id, 0, MANY)])
        checkpoint = await store.checkpoint(session_id)
        total += len(checkpoint.state) if checkpoint else 0
        total += sum(
            [len(message.text.encode()) for message in await store.messages(session_id, None, MANY)]
        )
        total += await _content(store, session_id, "versions")
        total += await _content(store, session_id, "runs")
        total += await _content(store, session_id, "program_tests")
    return total


async def _content(store: Any, session_id: str, table: str) -> int:
    if isinstance(store, SqliteStore):
        sql = f"SELECT coalesce(sum(length(content)), 0) FROM {table} WHERE session_id = ?"
        return int(
            await store._engine.read(lambda db: db.execute(sql, (session_id,)).fetchone()[0])
        )
    assert isinstance(store, MongoStore)
    return sum(
        [
            len(row["content"])
            async for row in store._engine.db[table].find({"session_id": session_id})
        ]
    )


async def fill(store: Store, session_id: str = "s1") -> None:
    """Write rows of every kind, and replace and delete some of them."""
    await store.append_chunks(
        [chunk(1, 1, os.urandom(100), session_id), chunk(2, 3, os.urandom(50), session_id)]
    )
    await store.append_chunks([chunk(4, 4, os.urandom(30), session_id)])
    await store.replace_chunks(chunk(1, 3, os.urandom(70), session_id))
    await store.put_checkpoint(checkpoint(3, session_id, state=os.urandom(500)))
    await store.put_checkpoint(checkpoint(4, session_id, state=os.urandom(300)))
    for number in range(4):
        await store.add_version(
            version(f"code {number}" * 20, session_id, kind=VersionKind.AUTO), MANY, 2
        )
    await store.add_message(message("größe", session_id))
    newest = await store.newest_version(session_id)
    assert newest
    await store.redact_version(replace(newest, files={"code": "redacted"}))
    for number in range(4):
        await store.add_run(run(f"output {number}" * 20, session_id, id=str(number)), 3)
        await store.add_program_test(program_test(f"{number}" * 20, session_id, id=str(number)))
    await store.change_program_test(program_test("other", session_id, id="1"))
    await store.delete_program_test(session_id, "2")
    await store.redact_run(run("", session_id, number=3, report=report("█" * 30)))


async def test_usage_counts_every_kind_of_write(store: Store, seed: Seed) -> None:
    """Usage counts appends, packing, checkpoints, deleted versions and runs, redaction, chat."""
    await seed.user()
    await seed.session(first=chunk(1, 1, b"first"))
    before = await store.usage("u-ada")
    await seed.session("s2")

    await fill(store, "s2")

    after = await store.usage("u-ada")
    assert (before.sessions, before.bytes) == (1, 5)
    assert (after.sessions, after.bytes) == (2, 5 + await there(store, "s2"))


async def test_usage_counts_repeated_writes_once(store: Store, seed: Seed) -> None:
    await seed.user()
    await seed.session(first=chunk(1, 1, b"first"))

    for _ in range(2):
        await seed.session(first=chunk(1, 1, b"first"))
        await store.append_chunks([chunk(2, 2, b"second")])
        await store.add_message(message("hello"))
        await store.add_version(version("code"), MANY)
        await store.add_run(run(), MANY)

    assert (await store.usage("u-ada")).bytes == await there(store, "s1")


async def test_usage_moves_with_sessions(store: Store, seed: Seed) -> None:
    """Usage moves with a session that is handed over, inherited or deleted."""
    await family(store, seed)
    await family(store, seed, "s2")
    await fill(store, "s1")
    await fill(store, "s2")
    in_s1, in_s2 = await there(store, "s1"), await there(store, "s2")

    await store.transfer_session("s1", "u-ada", "u-bob")
    handed_over = [await store.usage(name) for name in ("u-ada", "u-bob")]
    await store.delete_user("u-ada", NOW, deletes_sessions=False)
    inherited = await store.usage("u-bob")
    await store.delete_session("s1")
    left = await store.usage("u-bob")

    assert [(usage.sessions, usage.bytes) for usage in handed_over] == [(1, in_s2), (1, in_s1)]
    assert (inherited.sessions, inherited.bytes) == (2, in_s1 + in_s2)
    assert (left.sessions, left.bytes) == (1, in_s2)


async def test_usage_includes_picture(store: Store, seed: Seed) -> None:
    await seed.user()

    await store.set_avatar("u-ada", "url", "key", avatar(data=b"picture"))

    assert (await store.usage("u-ada")).bytes == len(b"picture")


async def test_usage_of_unknown_user_is_zero(store: Store) -> None:
    usage = await store.usage("u-nobody")

    assert (usage.sessions, usage.bytes) == (0, 0)


async def test_usage_is_the_same_after_restart(connect: Connect) -> None:
    """Usage is right after a clean end. After a crash it is right, because it is counted again."""
    for is_clean in (True, False):
        store = connect()
        await store.open()
        if is_clean:
            await Seed(store).user()
            await Seed(store).session()
            await fill(store)
        await store.close(is_clean=is_clean)

    again = connect()
    await again.open()
    while await again.count_usage(1):
        pass

    assert (await again.usage("u-ada")).bytes == await there(again, "s1")
    await again.append_chunks([chunk(5, 5, b"more")])
    assert (await again.usage("u-ada")).bytes == await there(again, "s1")
    await again.close(is_clean=True)


@pytest.mark.parametrize("rows", ["log", "versions", "runs", "program_tests"])
async def test_usage_of_copied_rows_is_counted(store: Any, seed: Seed, rows: str) -> None:
    """`copy` writes rows without the other methods, and these rows count, too."""
    await seed.user()
    await seed.session()
    await fill(store)
    page, _ = await store.page(rows, "", 100)

    await store.put(rows, page)

    assert (await store.usage("u-ada")).bytes == await there(store, "s1")
