"""Tests of repeated writes. A write may have succeeded although the caller got StoreUnavailable."""

import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from storage.base import Store
from storage.errors import Conflict, LogConflict, NotFound, StoreError
from storage.logins.records import Ticket
from storage.records import Role, SessionChanges
from tests.storage.contract.claims import claimed, new_login
from tests.storage.rows import (
    HOUR,
    MANY,
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
    run,
    session,
    ticket,
    user,
    version,
)

RETRY_MS = 30_000
SECRET = "s1-secret-1"


async def _everything(store: Store) -> list[Any]:
    """Return all data of u-ada and s1 in a store."""
    return [
        dict(await store.users(["u-ada"])),
        await store.signed_in("l-ada-1", NOW),
        await store.signed_in("l-ada-2", NOW),
        await store.session("s1"),
        await store.sessions_of("u-ada", None, MANY),
        await store.members("s1"),
        await store.member("s1", "u-bob"),
        await store.messages("s1", None, MANY),
        await store.chunks("s1", 0, MANY),
        await store.checkpoint("s1"),
        await store.versions("s1", None, MANY, with_files=True),
        await store.runs("s1", None, MANY, with_reports=True),
    ]


WRITES: dict[str, Callable[[Store], Awaitable[Any]]] = {
    "add_user": lambda store: store.add_user(user("ada"), login("ada")),
    "rename_user": lambda store: store.rename_user("u-ada", "Countess"),
    "add_login": lambda store: store.add_login(login("ada", 2)),
    "rotate_login": lambda store: store.rotate_login(
        "l-ada-1", "hash-0", "hash-1", NOW, NOW + HOUR, RETRY_MS
    ),
    "rotate_login of a restored backup": lambda store: store.rotate_login(
        "l-ada-1", "later", "latest", NOW, NOW + HOUR, RETRY_MS, 9
    ),
    "end_login": lambda store: store.end_login("l-ada-1"),
    "add_session": lambda store: store.add_session(
        session(), member("u-ada", role=Role.OWNER), chunk(1, 3)
    ),
    "change_session": lambda store: store.change_session(
        "s1", SessionChanges(title="New"), NOW + 1
    ),
    "delete_session": lambda store: store.delete_session("s1"),
    "join": lambda store: store.join(member("u-carl"), 3),
    "set_role": lambda store: store.set_role("s1", "u-bob", Role.VIEWER),
    "remove_member": lambda store: store.remove_member("s1", "u-bob"),
    "leave": lambda store: store.leave("s1", "u-bob"),
    "add_message": lambda store: store.add_message(message()),
    "append_chunks": lambda store: store.append_chunks([chunk(4, 5)]),
    "put_checkpoint": lambda store: store.put_checkpoint(checkpoint()),
    "add_version": lambda store: store.add_version(version(), MANY),
    "add_run": lambda store: store.add_run(run(), MANY),
}


class TestRepeatingWrites:
    """Every write can be repeated, because it may have succeeded before StoreUnavailable."""

    @pytest.mark.parametrize("name", WRITES)
    async def test_write_repeated_changes_nothing(
        self, store: Store, seed: Seed, name: str
    ) -> None:
        """A repeated write changes nothing. It may be refused, for example by a taken name."""
        write = WRITES[name]
        if name != "add_user":
            await seed.user("ada")
        if name != "add_session":
            await seed.session(first=chunk(1, 3))
            await store.join(member("u-bob"), MANY)
        await write(store)
        once = await _everything(store)

        with contextlib.suppress(NotFound, Conflict, LogConflict):
            await write(store)

        assert await _everything(store) == once

    async def test_store_errors_share_one_base_class(self, store: Store) -> None:
        """Callers of a store can catch all its errors by one base class."""
        with pytest.raises(StoreError):
            await store.add_message(message())


async def _accounts(store: Store) -> list[Any]:
    """Return all data of the users and sessions of these tests."""
    users = await store.users(["u-ada", "u-bob", "u-gil"])
    return [
        dict(users),
        [await store.logins(user_id, NOW) for user_id in users],
        [await store.avatar(user_id) for user_id in users],
        [await store.sessions_of(user_id, None, MANY) for user_id in users],
        [await store.session(session_id) for session_id in ("s1", "s2")],
        [await store.members(session_id) for session_id in ("s1", "s2")],
        await store.messages("s1", None, MANY),
    ]


ACCOUNT_WRITES: dict[str, Callable[[Store], Awaitable[Any]]] = {
    "set_password": lambda store: store.set_password("u-ada", "new", "l-ada-2"),
    "set_avatar": lambda store: store.set_avatar("u-ada", "url", "key", avatar()),
    "drop avatar": lambda store: store.set_avatar("u-bob", None, None, None),
    "delete_user": lambda store: store.delete_user("u-ada", NOW, deletes_sessions=True),
    "delete_user with successor": lambda store: store.delete_user(
        "u-ada", NOW, deletes_sessions=False
    ),
    "sweep": lambda store: store.sweep(NOW + 2 * HOUR, NOW + HOUR, MANY),
    "end_other_logins": lambda store: store.end_other_logins("u-ada", "l-ada-1"),
    "touch_logins": lambda store: store.touch_logins(["l-ada-1", "l-gil-1"], NOW + 7),
}


class TestRepeatingAccountWrites:
    @pytest.mark.parametrize("name", ACCOUNT_WRITES)
    async def test_account_write_repeated_changes_nothing(
        self, store: Store, seed: Seed, name: str
    ) -> None:
        """A repeated write changes nothing, and may be refused."""
        write = ACCOUNT_WRITES[name]
        for user_name in ("ada", "bob"):
            await seed.user(user_name)
        await store.set_avatar("u-bob", "url", "key", avatar("bob"))
        await store.add_login(login("ada", 2))
        for session_id in ("s1", "s2"):
            await seed.session(session_id)
        await store.join(member("u-bob"), MANY)
        await seed.invite()
        await seed.guest("gil")
        await store.add_message(message())
        await write(store)
        once = await _accounts(store)

        with contextlib.suppress(NotFound):
            await write(store)

        assert await _accounts(store) == once


async def _guests(store: Store) -> list[Any]:
    """Return all data of the session, its invites and its guests.

    Tickets are left out, because reading a ticket deletes it.
    """
    return [
        await store.invites("s1", None, MANY, MANY),
        await store.members("s1"),
        await store.member("s1", "u-bob"),
        dict(await store.users(["u-ada", "u-gil", "u-gus"])),
        await store.logins("u-gil", NOW),
        await store.logins("u-gus", NOW),
    ]


GUEST_WRITES: dict[str, Callable[[Store], Awaitable[Any]]] = {
    "add_invite": lambda store: store.add_invite(invite(2), 2),
    "revoke_invite": lambda store: store.revoke_invite("s1", invite(1).id),
    "use_invite": lambda store: store.use_invite(SECRET, member(), 3),
    "add_guest": lambda store: store.add_guest(guest("gus"), login("gus"), SECRET, 3),
    "claim_guest": lambda store: store.claim_guest(claimed(), new_login()),
    "add_ticket": lambda store: store.add_ticket(ticket("gil", 2)),
    "take_ticket": lambda store: store.take_ticket("ticket-gil-1", NOW),
}


class TestRepeatingGuestWrites:
    @pytest.mark.parametrize("name", GUEST_WRITES)
    async def test_guest_write_repeated_changes_nothing(
        self, store: Store, seed: Seed, name: str
    ) -> None:
        """The second call succeeds and changes nothing."""
        write = GUEST_WRITES[name]
        await seed.session()
        await seed.invite(1, max_uses=2)
        await seed.guest()
        await store.add_login(login("gil", 2))
        await store.add_ticket(ticket("gil", 1))
        await write(store)
        once = await _guests(store)

        await write(store)

        assert await _guests(store) == once
        is_there: list[Ticket | None] = [
            await store.take_ticket(f"ticket-gil-{number}", NOW) for number in (1, 2)
        ]
        assert [row is not None for row in is_there] == [
            name != "take_ticket",
            name == "add_ticket",
        ]
