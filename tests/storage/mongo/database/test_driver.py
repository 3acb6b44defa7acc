"""Tests of MongoDB's own parts: addresses, concerns, indexes, large values and cut calls."""

import asyncio
import os
from dataclasses import replace

import pytest
from pymongo import AsyncMongoClient

from storage.errors import NotFound, StoreUnavailable
from storage.mongo.database.driver import Document
from storage.mongo.store import MongoStore
from tests.narrowing import required
from tests.storage.faults import (
    FORGETFUL_DRIVER,
    IMPATIENT,
    Place,
    check,
    contents,
    furnish,
    opened,
    until_back,
)
from tests.storage.rows import HOUR, NOW, Seed, checkpoint, chunk, member, version
from tests.waiting import until

pytestmark = [pytest.mark.filterwarnings(warning) for warning in FORGETFUL_DRIVER]


async def test_mongo_uri_cannot_weaken_write_or_read_concerns(place: Place) -> None:
    """Concerns and preferences in the address are ignored.

    A saved row is on the disks of most servers, and is read from the server that wrote
    it.
    """
    loose = "?w=0&journal=false&readPreference=secondary&readConcernLevel=available"
    store = MongoStore(place.direct + loose)
    await store.open()

    db = store._engine.db
    assert db.write_concern.document == {"w": "majority", "j": True}
    assert (db.read_preference.mongos_mode, db.read_concern.level) == ("primary", "local")
    await Seed(store).user("ada")
    assert required(await store.user("u-ada")).id == "u-ada"
    await store.close(is_clean=True)


async def test_mongo_index_with_other_options_is_recreated(place: Place) -> None:
    """An index with the same keys and other options is made again."""
    async with AsyncMongoClient[Document](place.direct) as client:
        tickets = client.get_default_database().tickets
        await tickets.create_index([("expires", 1)], expireAfterSeconds=1)
        store = MongoStore(place.direct)
        await store.open()
        await store.close(is_clean=True)
        assert (await tickets.index_information())["expires_1"]["expireAfterSeconds"] == 3_600


async def test_mongo_value_with_missing_part_is_not_returned(place: Place) -> None:
    """A value that lacks a part is not returned.

    Parts that no document lists are deleted at the next start.
    """
    store = MongoStore(place.direct)
    await store.open()
    await Seed(store).user("ada")
    await Seed(store).session("s1")
    large = os.urandom(1 << 20) * 9
    await store.append_chunks([replace(chunk(1, 1, session_id="s1"), data=large)])
    parts = store._engine.db.parts
    await parts.insert_one(
        {"_id": "stray", "session_id": "s1", "collection": "log", "key": "s1/1", "data": b"x"}
    )
    await store.close(is_clean=True)

    await store.open()
    assert await store._engine.db.parts.count_documents({}) == 2
    assert [chunk.data for chunk in await store.chunks("s1", 0, 10)] == [large]
    await store._engine.db.parts.delete_one({})
    with pytest.raises(StoreUnavailable, match="lacks 1 parts"):
        await store.chunks("s1", 0, 10)
    await store.close(is_clean=True)


async def test_mongo_values_over_16_mb_are_split_and_come_back_whole(place: Place) -> None:
    """A chunk, a checkpoint and a version over 16 MB come back whole, and are deleted whole."""
    store = MongoStore(place.direct)
    await store.open()
    await Seed(store).user("ada")
    await Seed(store).session("s1")
    data = os.urandom(1 << 20) * 20
    text = os.urandom(9 << 20).hex()

    await store.append_chunks([replace(chunk(1, 1, session_id="s1"), data=data)])
    await store.put_checkpoint(replace(checkpoint(1), state=data))
    await store.put_checkpoint(replace(checkpoint(2), state=data[1:]))
    stored, _ = await store.add_version(version(text), 10)

    assert [chunk.data for chunk in await store.chunks("s1", 0, 10)] == [data]
    assert required(await store.checkpoint("s1")).state == data[1:]
    assert required(await store.version("s1", 1)).files == stored.files
    assert await store._engine.db.parts.count_documents({}) == 3 + 3 + 2
    await store.delete_session("s1")
    assert await contents(store) == {
        name: rows
        for name, rows in (await contents(store)).items()
        if name in ("users", "refresh_tokens")
    }
    with pytest.raises(NotFound):
        await store.put_checkpoint(checkpoint(3))
    await store.close(is_clean=True)


async def test_mongo_interrupted_deletion_is_finished_by_hourly_sweep(place: Place) -> None:
    """The hourly sweep finishes an interrupted deletion.

    The user has no access even before that.
    """
    store = await opened(place.through)
    await furnish(store)
    await store.set_avatar("u-ada", "url", "key", None)
    place.proxy.cut_at = place.proxy.writes + 3
    with pytest.raises(StoreUnavailable):
        await store.delete_user("u-ada", NOW, deletes_sessions=False)
    place.proxy.cut_at = None
    await until_back(store)

    assert await store.signed_in("l-ada-1", NOW) is None
    with pytest.raises(NotFound):
        await store.rotate_login("l-ada-1", "hash-0", "hash-1", NOW, NOW + HOUR, 20_000)
    deletion = await store.delete_user("u-ada", NOW, deletes_sessions=True)
    assert deletion.avatar_key == "key"
    assert deletion.deleted == ()
    place.proxy.cut_at = place.proxy.writes + 3
    with pytest.raises(StoreUnavailable):
        await store.delete_user("u-bob", NOW, deletes_sessions=True)
    place.proxy.cut_at = None
    await until_back(store)

    await store.sweep(NOW, 0, 10)

    assert await store._engine.db.users.find_one({"leaving": {"$exists": True}}) is None
    for session_id in ("s1", "s2", "s3"):
        assert await store.session(session_id) is None
    await check(store)
    await store.close(is_clean=True)


async def test_mongo_sweep_keeps_guest_signed_up_meanwhile(place: Place) -> None:
    """A guest who signs up before the sweep reaches them stays."""
    store = MongoStore(place.direct)
    await store.open()
    await furnish(store)
    idle = await Seed(store).guest("gil")
    async with store._engine.locked(user=idle.id):
        sweeping = asyncio.create_task(store.sweep(NOW + 10, NOW + 1, 10))
        await until(lambda: _waits_for(store, idle.id))
        await store._engine.db.users.update_one({"_id": idle.id}, {"$set": {"is_guest": False}})

    assert await sweeping == []
    assert not required(await store.user(idle.id)).is_deleted
    assert await store.signed_in("l-gil-1", NOW)
    await store.close(is_clean=True)


def _waits_for(store: MongoStore, user_id: str) -> bool:
    lock = store._engine._locks[f"user {user_id}"]
    return bool(lock._waiters)


async def test_mongo_interrupted_join_repeated_after_revocation_is_refused(place: Place) -> None:
    """A join was interrupted, and then the invite was revoked.

    The user stays out, and the use of the invite is given back.
    """
    store = await opened(place.through)
    await furnish(store)
    await Seed(store).user("carl")
    place.proxy.cut_at = place.proxy.writes + 2
    with pytest.raises(StoreUnavailable):
        await store.use_invite("s1-secret-1", member("u-carl", "s1"), 10)
    place.proxy.cut_at = None
    await until_back(store)
    [(entered, _)] = await store.invites("s1", None, 10, 10)
    assert entered.uses == 1
    await store.revoke_invite("s1", entered.id)

    for _ in range(2):
        with pytest.raises(NotFound):
            await store.use_invite("s1-secret-1", member("u-carl", "s1"), 10)
    [(after, _)] = await store.invites("s1", None, 10, 10)
    assert after.uses == 0
    await store.close(is_clean=True)


async def test_mongo_open_of_unreachable_server_fails_without_naming_password() -> None:
    """Opening fails within the time-out, and the error has the address but no password."""
    store = MongoStore("mongodb://ada:secret@127.0.0.1:1/x" + IMPATIENT)

    with pytest.raises(StoreUnavailable, match=r"127\.0\.0\.1:1") as raised:
        await store.open()

    assert "secret" not in str(raised.value)
    await store.close(is_clean=False)


@pytest.mark.parametrize(
    "uri",
    ["mongodb://", "mongodb://a:b:c@x/", "mongodb://x:99999/", "mongodb://x/?w=many&tls=perhaps"],
)
async def test_mongo_open_of_invalid_address_is_refused(uri: str) -> None:
    """An invalid address raises StoreUnavailable."""
    with pytest.raises(StoreUnavailable):
        await MongoStore(uri).open()
