"""The MongoDB store when the server goes away: between any two writes, and between a write and its reply."""

import gc
import itertools
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace

import pytest
from pymongo import AsyncMongoClient, common

from storage.base import Store
from storage.errors import NotFound, StoreUnavailable
from storage.mongo import MongoStore
from storage.records import Role
from tests.node_peers import until
from tests.proxy import Proxy
from tests.storage.rows import (
    HOUR,
    NOW,
    Seed,
    avatar,
    checkpoint,
    chunk,
    guest,
    invite,
    login,
    member,
    message,
    session,
    ticket,
    user,
    version,
)

IMPATIENT = "?serverSelectionTimeoutMS=80&connectTimeoutMS=250&socketTimeoutMS=1000&directConnection=true"
MOST_WRITES = 40

_numbers = itertools.count(1)

# the driver forgets to close sockets of connections that fail while they are being made
pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
def eager_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    """The driver looks whether a lost server is back every 20 ms, not every 500: hundreds of crashes wait for it."""
    monkeypatch.setattr(common, "MIN_HEARTBEAT_INTERVAL", 0.02)


@dataclass
class Place:
    """A database, and the way to it that fails."""

    direct: str
    through: str
    proxy: Proxy


@pytest.fixture
async def place(mongo_uri: str) -> AsyncIterator[Place]:
    name = f"faults{next(_numbers)}_{os.getpid()}"
    proxy = await Proxy.start(mongo_uri)
    yield Place(f"{mongo_uri}{name}", f"mongodb://127.0.0.1:{proxy.port}/{name}{IMPATIENT}", proxy)
    await proxy.stop()
    async with AsyncMongoClient(mongo_uri) as client:
        await client.drop_database(name)
    gc.collect()  # what the driver forgot is found here, where it is expected


async def furnish(store: Store) -> None:
    """Ada owns s1 and s2; bob edits both, and owns s3."""
    seed = Seed(store)
    for name in ("ada", "bob"):
        await seed.user(name)
    for session_id, owner in (("s1", "ada"), ("s2", "ada"), ("s3", "bob")):
        await seed.session(session_id, chunk(1, 1, session_id=session_id), owner_id=f"u-{owner}")
    for session_id in ("s1", "s2"):
        await store.join(member("u-bob", session_id, role=Role.EDITOR), 10)
    await store.add_invite(invite(), 10)
    await store.add_message(message("m1"))
    await store.put_checkpoint(checkpoint(1))


CALLS: dict[str, Callable[[Store], Awaitable[object]]] = {
    "add_user": lambda store: store.add_user(user("carl"), login("carl")),
    "set_password": lambda store: store.set_password("u-ada", "new", "l-ada-1"),
    "set_avatar": lambda store: store.set_avatar("u-ada", "url", None, avatar()),
    "delete_user": lambda store: store.delete_user("u-ada", NOW, deletes_sessions=False),
    "delete_user with sessions": lambda store: store.delete_user("u-ada", NOW, deletes_sessions=True),
    "add_login": lambda store: store.add_login(login("ada", 2)),
    "rotate_login": lambda store: store.rotate_login("l-ada-1", "hash-0", "hash-1", NOW, NOW + HOUR, 20_000),
    "add_session": lambda store: store.add_session(
        session("s9"), member("u-ada", "s9", role=Role.OWNER), chunk(1, 1, session_id="s9")
    ),
    "delete_session": lambda store: store.delete_session("s1"),
    "transfer_session": lambda store: store.transfer_session("s1", "u-ada", "u-bob"),
    "use_invite": lambda store: store.use_invite("s1-secret-1", member("u-carl", "s1"), 10),
    "add_guest": lambda store: store.add_guest(guest("gil"), login("gil"), "s1-secret-1", 10),
    "add_ticket": lambda store: store.add_ticket(ticket()),
    "add_message": lambda store: store.add_message(message("m2")),
    "append_chunks": lambda store: store.append_chunks(
        [chunk(2, 2, session_id="s1"), chunk(2, 2, session_id="s2"), chunk(2, 2, session_id="s3")]
    ),
    "put_checkpoint": lambda store: store.put_checkpoint(checkpoint(2)),
    "add_version": lambda store: store.add_version(version(), 10),
}
"""Every call that writes more than once, and the simple ones that count something."""


async def contents(store: MongoStore) -> dict[str, list[object]]:
    """Everything in the database, without what only says who is using it."""
    db = store._engine.db
    names = sorted(set(await db.list_collection_names()) - {"meta"})
    found = {name: [one async for one in db[name].find({}).sort("_id", 1)] for name in names}
    return {name: rows for name, rows in found.items() if rows}


async def check(store: Store) -> None:
    """What must be so whatever happened."""
    for session_id in ("s1", "s2", "s3", "s9"):
        there = await store.session(session_id)
        members = await store.members(session_id)
        if there is None:
            assert members == []
            continue
        assert [one.user_id for one in members if one.role is Role.OWNER] == [there.owner_id]
        owner = await store.user(there.owner_id)
        assert owner
        assert not owner.is_deleted
        numbers = [one.sequence for one in await store.messages(session_id, None, 100)]
        assert numbers == list(range(1, len(numbers) + 1))
        versions = [one.number for one in await store.versions(session_id, None, 100, with_files=True)]
        assert versions == list(range(len(versions), 0, -1))


async def undisturbed(place: Place, what: str) -> dict[str, list[object]]:
    """What is in the database when nothing fails."""
    store = MongoStore(place.direct + "_well")
    await store.open()
    await furnish(store)
    await CALLS[what](store)
    found = await contents(store)
    await store._engine.db.client.drop_database(store._engine.db)
    await store.close(is_clean=True)
    return found


@pytest.mark.usefixtures("eager_driver")
@pytest.mark.parametrize("is_late", [False, True], ids=["write lost", "reply lost"])
@pytest.mark.parametrize("what", CALLS)
async def test_a_crash_at_each_write(place: Place, what: str, is_late: bool) -> None:
    """After the crash the next start leaves nothing wrong, and the same call again makes it as if nothing had been."""
    expected = await undisturbed(place, what)
    failures = 0
    for count in range(1, MOST_WRITES):
        after = MongoStore(place.direct)
        await after.open()
        await furnish(after)
        await after.close(is_clean=True)
        before = MongoStore(place.through)
        await before.open()
        place.proxy.cut_at, place.proxy.is_late = place.proxy.writes + count, is_late

        try:
            await CALLS[what](before)
            is_done = True
        except StoreUnavailable:
            is_done = False
        before._renewing.cancel()
        await before._engine.close()
        place.proxy.cut_at = None

        await after.open()
        await check(after)
        if not is_done:
            failures += 1
            await repeat(after, what)
            await check(after)
        assert await contents(after) == expected
        await after._engine.db.client.drop_database(after._engine.db)
        await after.close(is_clean=True)
        if is_done:
            break
    assert failures > 0
    assert is_done


async def repeat(store: Store, what: str) -> None:
    """Call once more; a transfer that has happened is refused, because he owns it no more."""
    if what == "transfer_session" and (await store.session("s1")).owner_id == "u-bob":
        return
    await CALLS[what](store)


async def until_back(store: Store) -> None:
    """Wait until the driver has noticed that the server is there again."""

    async def answers() -> bool:
        try:
            await store.ping()
        except StoreUnavailable:
            return False
        return True

    await until(answers, bool)


async def test_away_and_back(place: Place) -> None:
    """Refused, cut or hanging: StoreUnavailable, and afterwards the same store goes on."""
    store = MongoStore(place.through)
    await store.open()
    await furnish(store)

    await place.proxy.refuse()
    with pytest.raises(StoreUnavailable):
        await store.ping()
    with pytest.raises(StoreUnavailable):
        await store.append_chunks([chunk(2, 2, session_id="s1")])
    await place.proxy.again()
    await until_back(store)
    assert await store.append_chunks([chunk(2, 2, session_id="s1")]) == set()

    place.proxy.hang()
    with pytest.raises(StoreUnavailable):
        await store.append_chunks([chunk(3, 3, session_id="s1")])
    place.proxy.hang(is_hanging=False)
    await until_back(store)
    await store.append_chunks([chunk(3, 3, session_id="s1")])

    assert [one.first for one in await store.chunks("s1", 0, 10)] == [1, 2, 3]
    await store.close(is_clean=True)


async def test_a_reply_cut_in_the_middle(place: Place) -> None:
    """The driver asks again; nothing is doubled."""
    store = MongoStore(place.through)
    await store.open()
    await furnish(store)
    cuts, before = iter([True]), place.proxy.writes

    def cut(reply: bytes) -> bytes | None:
        return None if place.proxy.writes > before and next(cuts, False) else reply

    place.proxy.on_reply = cut
    await store.append_chunks([chunk(2, 2, session_id="s1")])
    place.proxy.on_reply = lambda reply: reply

    assert [one.first for one in await store.chunks("s1", 0, 10)] == [1, 2]
    await store.close(is_clean=True)


async def test_a_server_that_is_not_there() -> None:
    """Opening fails within the time-out, with the address in the message and no password."""
    store = MongoStore("mongodb://ada:secret@127.0.0.1:1/x" + IMPATIENT)

    with pytest.raises(StoreUnavailable, match=r"127\.0\.0\.1:1") as raised:
        await store.open()

    assert "secret" not in str(raised.value)
    await store.close(is_clean=False)


@pytest.mark.parametrize(
    "uri", ["mongodb://", "mongodb://a:b:c@x/", "mongodb://x:99999/", "mongodb://x/?w=many&tls=perhaps"]
)
async def test_an_address_that_is_none(uri: str) -> None:
    """It is refused as such."""
    with pytest.raises(StoreUnavailable):
        await MongoStore(uri).open()


async def test_two_servers(place: Place) -> None:
    """A second server is refused while the first one lives, and comes in when its lease is over."""
    now = NOW
    first, second = MongoStore(place.direct, lambda: now), MongoStore(place.direct, lambda: now)
    second._holder = "another-host pid 1"
    await first.open()

    with pytest.raises(StoreUnavailable, match="in use by another server"):
        await second.open()
    now += 15_000
    await second.open()
    await second.close(is_clean=True)
    await second.open()

    await second.close(is_clean=True)
    await first.close(is_clean=True)


async def test_large_values_are_split(place: Place) -> None:
    """A chunk, a checkpoint and a version of more than 16 MB come back as they were, and are deleted whole."""
    store = MongoStore(place.direct)
    await store.open()
    await Seed(store).user("ada")
    await Seed(store).session("s1")
    data = os.urandom(1 << 20) * 20
    text = "ä" * (9 << 20)

    await store.append_chunks([replace(chunk(1, 1, session_id="s1"), data=data)])
    await store.put_checkpoint(replace(checkpoint(1), state=data))
    await store.put_checkpoint(replace(checkpoint(2), state=data[1:]))
    stored, _ = await store.add_version(version(text), 10)

    assert [one.data for one in await store.chunks("s1", 0, 10)] == [data]
    assert (await store.checkpoint("s1")).state == data[1:]
    assert (await store.version("s1", 1)).files == stored.files
    assert await store._engine.db.parts.count_documents({}) == 3 + 3 + 3
    await store.delete_session("s1")
    assert await contents(store) == {
        name: rows for name, rows in (await contents(store)).items() if name in ("users", "refresh_tokens")
    }
    with pytest.raises(NotFound):
        await store.put_checkpoint(checkpoint(3))
    await store.close(is_clean=True)
