"""Tests of the MongoDB store when the connection to the server ends.

It ends between any two writes, or between a write and its reply.
"""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from pymongo import common

from storage.base import Store
from storage.errors import StoreUnavailable
from storage.mongo.store import MongoStore
from storage.records import Role
from tests.narrowing import required
from tests.storage.faults import (
    FORGETFUL_DRIVER,
    IMPATIENT,
    Place,
    Rows,
    check,
    contents,
    crash,
    failing,
    furnish,
    opened,
    put_back,
    reopen,
    rows,
    until_back,
)
from tests.storage.rows import (
    HOUR,
    NOW,
    avatar,
    checkpoint,
    chunk,
    guest,
    login,
    member,
    message,
    run,
    session,
    ticket,
    user,
    version,
)

MOST_WRITES = 40


pytestmark = [pytest.mark.filterwarnings(warning) for warning in FORGETFUL_DRIVER]


@pytest.fixture
async def crash_place(mongo_uri: str) -> AsyncIterator[Place]:
    """A database that is unavailable after a crash until the test drops the store."""
    async with failing(mongo_uri, IMPATIENT) as made:
        yield made


@pytest.fixture
def eager_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the driver look for a lost server every 20 ms instead of every 500 ms.

    Hundreds of crashes in these tests wait for it.
    """
    monkeypatch.setattr(common, "MIN_HEARTBEAT_INTERVAL", 0.02)


CALLS: dict[str, Callable[[Store], Awaitable[object]]] = {
    "add_user": lambda store: store.add_user(user("carl"), login("carl")),
    "set_password": lambda store: store.set_password("u-ada", "new", "l-ada-1"),
    "set_avatar": lambda store: store.set_avatar("u-ada", "url", None, avatar()),
    "delete_user": lambda store: store.delete_user("u-ada", NOW, deletes_sessions=False),
    "delete_user with sessions": lambda store: store.delete_user(
        "u-ada", NOW, deletes_sessions=True
    ),
    "add_login": lambda store: store.add_login(login("ada", 2)),
    "rotate_login": lambda store: store.rotate_login(
        "l-ada-1", "hash-0", "hash-1", NOW, NOW + HOUR, 20_000
    ),
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
    "replace_chunks": lambda store: repacked(store),  # noqa: PLW0108  # it is defined below
    "put_checkpoint": lambda store: store.put_checkpoint(checkpoint(2)),
    "redact_version": lambda store: redacted(store),  # noqa: PLW0108  # it is defined below
    "add_version": lambda store: store.add_version(version(), 10),
    "add_run": lambda store: store.add_run(run("two"), 1),
}
"""The calls that the tests interrupt: every call with several writes, and the simple calls that
count something."""


async def repacked(store: Store) -> None:
    """Pack the log of a session, whose chunks have one entry each."""
    for number in (2, 3, 4):
        if await store.chunk_spans("s1") != [(1, 4)]:
            await store.append_chunks([chunk(number, number, session_id="s1")])
    await store.replace_chunks(chunk(1, 4, b"packed", session_id="s1"))


async def redacted(store: Store) -> None:
    if await store.newest_version("s1") is None:
        await store.add_version(version("secret"), 10)
    await store.redact_version(version("██████", number=1))


async def undisturbed(place: Place, what: str) -> tuple[Rows, Rows]:
    """Return all rows before a call, and the contents after it when nothing fails."""
    store = MongoStore(place.direct)
    await store.open()
    await furnish(store)
    await store.close(is_clean=True)
    before = await rows(place.direct)
    await store.open()
    await CALLS[what](store)
    after = await contents(store)
    await store.close(is_clean=True)
    return before, after


@pytest.mark.usefixtures("eager_driver")
@pytest.mark.parametrize("is_late", [False, True], ids=["write lost", "reply lost"])
@pytest.mark.parametrize("what", CALLS)
async def test_mongo_crash_at_each_write_is_repaired_by_start_and_repetition(
    crash_place: Place, what: str, is_late: bool
) -> None:
    """The next start repairs the store after the crash.

    The repeated call then gives the same rows as a call without a crash.
    """
    start, expected = await undisturbed(crash_place, what)
    failures, is_done = 0, False
    for count in range(1, MOST_WRITES):
        await put_back(crash_place.direct, start)
        before, after = await opened(crash_place.through), MongoStore(crash_place.direct)
        crash_place.proxy.cut_at, crash_place.proxy.is_late = (
            crash_place.proxy.writes + count,
            is_late,
        )

        try:
            await CALLS[what](before)
            is_done = True
        except StoreUnavailable:
            is_done = False
        await crash(before)
        crash_place.proxy.cut_at = None

        await reopen(after)
        await check(after)
        if not is_done:
            failures += 1
            await repeat(after, what)
            await check(after)
        while await after.count_usage(100):  # as housekeeping does after a crash
            pass
        assert await contents(after) == expected
        await after.close(is_clean=True)
        if is_done:
            break
    assert failures > 0
    assert is_done


async def repeat(store: Store, what: str) -> None:
    """Repeat the call, except for a transfer that has succeeded.

    That would be refused, because the giver no longer owns the session.
    """
    if what == "transfer_session" and required(await store.session("s1")).owner_id == "u-bob":
        return
    await CALLS[what](store)


async def test_mongo_outage_raises_unavailable_and_store_recovers(place: Place) -> None:
    """A refused, cut or hanging connection raises StoreUnavailable, and the store recovers."""
    store = await opened(place.through)
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

    assert [chunk.first for chunk in await store.chunks("s1", 0, 10)] == [1, 2, 3]
    await store.close(is_clean=True)


async def test_mongo_reply_cut_in_the_middle_doubles_nothing(place: Place) -> None:
    """The driver sends the write again, and no row is written twice."""
    store = await opened(place.through)
    await furnish(store)
    cuts, before = iter([True]), place.proxy.writes

    def cut(reply: bytes) -> bytes | None:
        return None if place.proxy.writes > before and next(cuts, False) else reply

    place.proxy.on_reply = cut
    await store.append_chunks([chunk(2, 2, session_id="s1")])
    place.proxy.on_reply = lambda reply: reply

    assert [chunk.first for chunk in await store.chunks("s1", 0, 10)] == [1, 2]
    await store.close(is_clean=True)
