"""Tests of the lease, which lets only one server use a MongoDB database."""

import asyncio
import os
import time
from pathlib import Path

import pytest
from pymongo import AsyncMongoClient

import storage.mongo.store
from storage.errors import StoreUnavailable
from storage.mongo.database.driver import Database, Document
from storage.mongo.database.lease import DOUBT_S, LEASE_S, RENEW_S, Lease
from storage.mongo.store import MongoStore
from tests.narrowing import required
from tests.storage.faults import FORGETFUL_DRIVER, Place
from tests.storage.rows import chunk
from tests.waiting import PATIENCE_S

pytestmark = [pytest.mark.filterwarnings(warning) for warning in FORGETFUL_DRIVER]


async def lease_of(place: Place, **changes: object) -> dict[str, object]:
    """Change the lease from outside, and return it."""
    async with AsyncMongoClient[Document](place.direct) as client:
        meta = client.get_default_database().meta
        if changes:
            await meta.update_one({"_id": "lease"}, {"$set": changes})
        return required(await meta.find_one({"_id": "lease"}))


def test_lease_times_match_documentation() -> None:
    """docs/storage.md has the same seconds as the code."""
    page = (Path(__file__).parents[4] / "docs" / "storage.md").read_text()
    text = " ".join(page.split())

    assert f"renewed every {RENEW_S:g} s" in text
    assert f"after {LEASE_S:g} seconds by the database server's clock" in text
    assert f"stops writing after {DOUBT_S:g} seconds" in text


async def test_lease_held_by_live_server_refuses_second_server(place: Place) -> None:
    """A second server cannot open the database while the first server's lease is valid."""
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
async def test_lease_of_ended_local_process_is_free_immediately(
    place: Place, changes: dict[str, object], is_free: bool
) -> None:
    """The lease of an ended process on this machine is free immediately.

    A lease from another machine or container is not free.
    """
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


async def test_lease_that_cannot_be_renewed_stops_holder_in_time(place: Place) -> None:
    """A holder that cannot renew its lease stops well before another server may take it.

    The holder goes on once it has renewed the lease.
    """
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


async def test_lease_renewal_during_close_logs_no_error(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lease that was given back does not count as lost, so no error is logged."""
    store, begun, given_back, ended = (
        MongoStore(place.direct),
        asyncio.Event(),
        asyncio.Event(),
        asyncio.Event(),
    )
    monkeypatch.setattr(storage.mongo.store, "RENEW_S", 0.0)
    renew, release = Lease.renew, Lease.release

    async def renew_late(lease: Lease, db: Database) -> None:
        if required(asyncio.current_task()).get_name() != "mongo lease":
            return await renew(lease, db)
        begun.set()
        try:
            await given_back.wait()
            await renew(lease, db)
        finally:
            ended.set()

    async def release_meanwhile(lease: Lease, db: Database) -> None:
        await release(lease, db)
        given_back.set()
        await ended.wait()

    monkeypatch.setattr(Lease, "renew", renew_late)
    monkeypatch.setattr(Lease, "release", release_meanwhile)
    async with asyncio.timeout(PATIENCE_S):
        await store.open()
        await begun.wait()
        await store.close(is_clean=True)

    assert not store._engine.lease.is_lost
    assert await MongoStore(place.direct).look() == ""
