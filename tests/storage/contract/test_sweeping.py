"""Tests of `AccountStore` on every store: the removal of expired rows and of idle guests."""

import contextlib
from dataclasses import replace

import pytest

from storage.base import Store
from storage.errors import NotFound, StoreError
from storage.records import Invite, InviteUse, Role
from tests.storage.rows import (
    DAY,
    HOUR,
    MANY,
    NOW,
    Seed,
    avatar,
    guest,
    login,
    member,
    message,
    ticket,
    user,
    version,
)

IDLE = NOW + 40 * DAY
"""The time at which guests who were last active at `NOW` count as idle."""


class TestSweeping:
    async def test_sweep_deletes_expired_logins_but_no_account(
        self, store: Store, seed: Seed
    ) -> None:
        """Expired logins are deleted: a look-up with an earlier time finds none. Accounts stay."""
        ada = await seed.user("ada")
        bob = await seed.user("bob")
        await store.add_login(login("ada", 2, expires_at=NOW + 3 * HOUR))

        swept = await store.sweep(NOW + 2 * HOUR, NOW, MANY)

        assert swept == []
        assert [await store.signed_in(f"l-ada-{number}", NOW) for number in (1, 2)] == [None, ada]
        assert await store.signed_in("l-bob-1", NOW) is None
        assert dict(await store.users(["u-ada", "u-bob"])) == {"u-ada": ada, "u-bob": bob}

    async def test_sweep_deletes_expired_tickets(self, store: Store, seed: Seed) -> None:
        """Expired tickets are deleted: a look-up with an earlier time finds none."""
        await seed.user("ada")
        lasting = ticket("ada", 2, expires_at=NOW + 3 * HOUR)
        await store.add_ticket(ticket("ada", 1))
        await store.add_ticket(lasting)

        await store.sweep(NOW + 2 * HOUR, NOW, MANY)

        assert await store.take_ticket("ticket-ada-1", NOW) is None
        assert await store.take_ticket("ticket-ada-2", NOW) == lasting

    @pytest.mark.parametrize(
        ("later", "is_listed"), [(0, True), (27 * DAY, True), (32 * DAY, False)]
    )
    async def test_sweep_deletes_invites_a_month_after_expiry(
        self, store: Store, seed: Seed, later: int, *, is_listed: bool
    ) -> None:
        """An invite is listed with its uses until a month after its expiry.

        The members who came by the invite stay.
        """
        await seed.session()
        made = await seed.invite(1)
        revoked = await seed.invite(2, expires_at=NOW + 40 * DAY)
        await store.use_invite("s1-secret-1", member(), MANY)
        await store.revoke_invite("s1", revoked.id)

        await store.sweep(made.expires_at + later, NOW, MANY)

        lasting: tuple[Invite, list[InviteUse]] = (replace(revoked, is_revoked=True), [])
        expired = (replace(made, uses=1), [InviteUse("u-bob", NOW)])
        assert (
            await store.invites("s1", None, MANY, MANY)
            == [lasting, expired][: 2 if is_listed else 1]
        )
        assert await store.member("s1", "u-bob") == member()

    async def test_sweep_removes_idle_guest_and_returns_row(self, store: Store, seed: Seed) -> None:
        """The guest's old row is returned, and logins, tickets, picture and membership are gone."""
        await self.guests(store, seed, "gil")
        await store.set_avatar("u-gil", "url", "key", avatar("gil"))
        await store.add_ticket(ticket("gil", expires_at=IDLE + DAY))
        await store.add_login(login("gil", 2, expires_at=IDLE + DAY))

        swept = await store.sweep(IDLE, NOW + DAY, MANY)

        assert swept == [guest("gil", avatar="url", avatar_key="key")]
        assert await store.logins("u-gil", NOW) == []
        assert await store.signed_in("l-gil-2", NOW) is None
        assert await store.take_ticket("ticket-gil-1", NOW) is None
        assert await store.avatar("u-gil") is None
        assert await store.member("s1", "u-gil") is None
        assert await store.members("s1") == [member("u-ada", role=Role.OWNER)]

    async def test_sweep_of_guest_keeps_name_on_messages_and_versions(
        self, store: Store, seed: Seed
    ) -> None:
        """The guest's name stays in the user's row, in messages and in versions."""
        await self.guests(store, seed, "gil")
        said = await store.add_message(message("one", sender_id="u-gil", sender_name="Gil"))
        made, _ = await store.add_version(version(author_id="u-gil", author_name="Gil"), MANY)

        await store.sweep(IDLE, NOW + DAY, MANY)

        left = (await store.users(["u-gil"]))["u-gil"]
        assert (left.username, left.is_guest, left.is_deleted) == ("gil", True, True)
        assert await store.messages("s1", None, MANY) == [said]
        assert await store.newest_version("s1") == made
        assert await store.user_by_name("gil") is None

    async def test_sweep_of_guest_deletes_row_of_earlier_removal_from_session(
        self, store: Store, seed: Seed
    ) -> None:
        """The row of an earlier removal from the session is deleted, too."""
        await self.guests(store, seed, "gil")
        await store.remove_member("s1", "u-gil")

        swept = await store.sweep(IDLE, NOW + DAY, MANY)

        assert swept == [guest("gil")]
        assert await store.member("s1", "u-gil") is None

    async def test_sweep_of_guest_without_session_or_login_succeeds(
        self, store: Store, seed: Seed
    ) -> None:
        """A guest without a session or a login is swept like any guest."""
        await self.guests(store, seed, "gil")
        await store.end_login("l-gil-1")
        await store.delete_session("s1")

        swept = await store.sweep(IDLE, NOW + DAY, MANY)

        assert swept == [guest("gil")]

    async def test_sweep_returns_each_guest_once(self, store: Store, seed: Seed) -> None:
        """A guest who was swept or deleted is not swept again."""
        await self.guests(store, seed, "gil", "gus")
        await store.delete_user("u-gus", NOW, deletes_sessions=True)
        await store.sweep(IDLE, NOW + DAY, MANY)

        assert await store.sweep(IDLE, NOW + DAY, MANY) == []

    async def test_sweep_never_removes_accounts(self, store: Store, seed: Seed) -> None:
        """A sweep never removes an account.

        The account may have been idle for long, or its user may have been a guest before.
        """
        await self.guests(store, seed, "gil")
        ada = await seed.user("ada")
        account = user("gil")
        await store.claim_guest(account, login("gil"))

        swept = await store.sweep(NOW + 1_000 * DAY, NOW + 1_000 * DAY, MANY)

        assert swept == []
        assert dict(await store.users(["u-ada", "u-gil"])) == {"u-ada": ada, "u-gil": account}
        assert await store.member("s1", "u-gil") == member("u-gil")

    @pytest.mark.parametrize("activity", ["touch", "refresh", "coming"])
    async def test_sweep_leaves_recently_active_guest(
        self, store: Store, seed: Seed, activity: str
    ) -> None:
        """A guest who was active since the cutoff stays, with membership and logins."""
        await self.guests(store, seed, "gil", "gus")
        expected = guest("gil")
        match activity:
            case "touch":
                await store.touch_logins(["l-gil-1"], NOW + 30 * DAY)
            case "refresh":
                await store.rotate_login(
                    "l-gil-1", "hash-0", "hash-1", NOW + HOUR // 2, NOW + HOUR, 0
                )
            case "coming":
                expected = await seed.guest("gwen", created_at=NOW + HOUR // 2)

        swept = await store.sweep(NOW + HOUR // 2, NOW + HOUR // 4, MANY)

        assert {user.id for user in swept} == {"u-gus", "u-gil"} - {expected.id}
        assert await store.user(expected.id) == expected
        assert await store.member("s1", expected.id) == member(
            expected.id, joined_at=expected.created_at
        )
        assert [login.user_id for login in await store.logins(expected.id, NOW)] == [expected.id]

    async def test_sweep_removes_guest_last_active_before_cutoff(
        self, store: Store, seed: Seed
    ) -> None:
        """Only activity after the cutoff counts.

        If an older activity is noted after a newer one, the newer one still counts.
        """
        await self.guests(store, seed, "gil", "gus")
        await store.touch_logins(["l-gil-1", "l-gus-1"], NOW + 5 * DAY)
        await store.touch_logins(["l-gil-1"], NOW + 9 * DAY)
        await store.touch_logins(["l-gil-1"], NOW + 1 * DAY)

        swept = await store.sweep(NOW, NOW + 7 * DAY, MANY)

        assert swept == [guest("gus")]

    async def test_sweep_counts_use_of_any_login_as_activity(
        self, store: Store, seed: Seed
    ) -> None:
        """A use counts even if the login ends later. A use of an ended login does not count."""
        await self.guests(store, seed, "gil", "gus")
        for name in ("gil", "gus"):
            await store.add_login(login(name, 2))
        await store.touch_logins(["l-gil-2"], NOW + 9 * DAY)
        for name in ("gil", "gus"):
            await store.end_login(f"l-{name}-2")
        await store.touch_logins(["l-gus-2"], NOW + 9 * DAY)

        swept = await store.sweep(NOW, NOW + 7 * DAY, MANY)

        assert swept == [guest("gus")]

    async def test_sweep_removes_at_most_limit_guests_per_call(
        self, store: Store, seed: Seed
    ) -> None:
        """Each call sweeps at most `limit` guests, until no idle guest is left."""
        names = [f"guest{number}" for number in range(5)]
        await self.guests(store, seed, *names)

        rounds = [await store.sweep(IDLE, NOW + DAY, limit) for limit in (0, 2, 2, 2, 2)]

        assert [len(batch) for batch in rounds] == [0, 2, 2, 1, 0]
        assert {user.id for swept in rounds for user in swept} == {f"u-{name}" for name in names}
        assert len(await store.members("s1")) == 1

    async def test_sweep_limit_does_not_apply_to_logins_and_tickets(
        self, store: Store, seed: Seed
    ) -> None:
        """All expired logins and tickets are deleted, even of guests who stay for a later sweep."""
        await self.guests(store, seed, "gil")
        ada = await seed.user("ada", created_at=NOW)
        await store.add_ticket(ticket())

        await store.sweep(NOW + 2 * HOUR, NOW + HOUR, 0)

        assert await store.user("u-gil") == guest("gil")
        assert [await store.signed_in(f"l-{name}-1", NOW) for name in ("ada", "gil")] == [
            None,
            None,
        ]
        assert await store.take_ticket("ticket-ada-1", NOW) is None
        assert await store.user("u-ada") == ada

    async def test_sweep_of_session_owner_leaves_no_session_without_owner(
        self, store: Store, seed: Seed
    ) -> None:
        """Each session keeps an owner, even after an attempt to transfer it to a guest."""
        await self.guests(store, seed, "gil")
        await seed.user("ada")
        with contextlib.suppress(StoreError):
            await store.transfer_session("s1", "u-ada", "u-gil")

        await store.sweep(IDLE, NOW + DAY, MANY)

        session = await store.session("s1")
        owners = [
            member.user_id for member in await store.members("s1") if member.role is Role.OWNER
        ]
        assert owners == ([session.owner_id] if session else [])

    async def test_sweep_of_guest_frees_name_and_place_in_session(
        self, store: Store, seed: Seed
    ) -> None:
        """After the sweep, another user can have the guest's name and place in the session."""
        await self.guests(store, seed, "gil")

        await store.sweep(IDLE, NOW + DAY, MANY)

        assert await store.join(member("u-bob"), 2) == member()
        await seed.user("gil2", username="Gil")

    async def test_write_during_sweep_of_its_guest_stores_nothing(
        self, store: Store, seed: Seed
    ) -> None:
        """A request that was under way finds no such user, guest or login."""
        await self.guests(store, seed, "gil")
        await store.sweep(NOW, NOW + DAY, MANY)

        for call in (
            store.rename_user("u-gil", "Back"),
            store.set_avatar("u-gil", "url", "key", avatar("gil")),
            store.add_login(login("gil", 2)),
            store.claim_guest(user("gil"), login("gil")),
            store.rotate_login("l-gil-1", "hash-0", "hash-1", NOW, NOW + HOUR, 0),
        ):
            with pytest.raises(NotFound):
                await call

        assert await store.logins("u-gil", NOW) == []
        assert await store.avatar("u-gil") is None

    async def guests(self, store: Store, seed: Seed, *names: str) -> None:
        """Make guests of s1 who were active at `NOW`."""
        await seed.session()
        await seed.invite()
        for name in names:
            await seed.guest(name)
