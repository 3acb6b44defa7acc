"""Only one server has a MongoDB database."""

import os
import time

import pytest
from pymongo import AsyncMongoClient

from storage.errors import StoreUnavailable
from storage.mongo import MongoStore
from storage.mongo.lease import DOUBT_S, LEASE_S
from tests.storage.faults import FORGETFUL_DRIVER, Place
from tests.storage.rows import chunk

pytestmark = [pytest.mark.filterwarnings(one) for one in FORGETFUL_DRIVER]


async def lease_of(place: Place, **changes: object) -> dict[str, object]:
    """Change the lease from outside, and return it."""
    async with AsyncMongoClient(place.direct) as client:
        meta = client.get_default_database().meta
        if changes:
            await meta.update_one({"_id": "lease"}, {"$set": changes})
        return await meta.find_one({"_id": "lease"})


async def test_two_servers(place: Place) -> None:
    """A second server is refused while the first one lives, and comes in when its lease is over."""
    first, second = MongoStore(place.direct), MongoStore(place.direct)
    await first.open()

    with pytest.raises(StoreUnavailable, match=f"in use by another server .* pid {os.getpid()}"):
        await second.open()
    assert str(os.getpid()) in await second.look()
    await first._renew()
    await first.ping()
    await lease_of(place, until=0)
    assert await second.look() == ""
    await second.open()
    await second.close(is_clean=True)

    await first._renew()
    with pytest.raises(StoreUnavailable, match="taken the database over"):
        await first.ping()
    with pytest.raises(StoreUnavailable, match="taken the database over"):
        await first.append_chunks([chunk(1, 1)])
    await second.open()
    await first.close(is_clean=True)
    await second.ping()
    assert (await lease_of(place))["token"] == second._engine.lease.token
    await second.close(is_clean=True)


@pytest.mark.parametrize(
    ("changes", "is_free"),
    [
        ({}, False),
        ({"began": "1"}, True),
        ({"pid": 4_194_303}, True),
        ({"pid": 4_194_303, "host": "renamed"}, True),
        ({"pid": 4_194_303, "boot": "of another machine"}, False),
        ({"pid": 4_194_303, "space": "of another container"}, False),
    ],
)
async def test_whose_lease_it_is(place: Place, changes: dict[str, object], is_free: bool) -> None:
    """That of a process of this machine that is gone is free at once; another machine's or container's is not."""
    first, second = MongoStore(place.direct), MongoStore(place.direct)
    await first.open()
    await lease_of(place, **changes)

    if is_free:
        await second.open()
    else:
        with pytest.raises(StoreUnavailable, match="in use"):
            await second.open()

    await second.close(is_clean=True)
    await first.close(is_clean=True)


async def test_a_lease_that_cannot_be_renewed(place: Place) -> None:
    """The holder stops by itself, well before anybody may take it, and goes on once it has renewed."""
    store = MongoStore(place.direct)
    await store.open()
    lease = store._engine.lease
    lease._monotonic = lambda: time.monotonic() + DOUBT_S
    with pytest.raises(StoreUnavailable, match="no answer for 20 s"):
        await store.append_chunks([chunk(1, 1)])
    lease._monotonic = time.monotonic
    await store._renew()
    await store.ping()
    assert DOUBT_S + 5 + 10 < LEASE_S
    await store.close(is_clean=True)
