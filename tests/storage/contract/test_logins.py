"""Tests of `AccountStore` on every store: logins and their refresh tokens."""

import asyncio
from typing import Any

import pytest

from storage.base import Store
from storage.errors import NotFound, TokenReused
from storage.logins.records import Login
from storage.records import Role
from tests.narrowing import required
from tests.storage.rows import (
    HOUR,
    NOW,
    Seed,
    login,
)

RETRY_MS = 30_000


class TestLogins:
    async def test_first_login_is_stored_with_new_user(self, store: Store, seed: Seed) -> None:
        """A new user is signed in by the login that was stored with the user."""
        ada = await seed.user("ada")

        assert await store.signed_in("l-ada-1", NOW) == ada

    async def test_add_login_keeps_other_logins_of_user(self, store: Store, seed: Seed) -> None:
        """A user may have several logins at the same time."""
        ada = await seed.user("ada")

        await store.add_login(login("ada", 2))

        assert await store.signed_in("l-ada-1", NOW) == ada
        assert await store.signed_in("l-ada-2", NOW) == ada

    async def test_unknown_login_is_not_signed_in(self, store: Store, seed: Seed) -> None:
        """An unknown login signs nobody in."""
        await seed.user("ada")

        assert await store.signed_in("l-nobody", NOW) is None

    async def test_admission_reads_login_session_and_membership_together(
        self, store: Store, seed: Seed
    ) -> None:
        """One read gives the login's user, the session and the membership, as single reads do."""
        ada, bob = await seed.user("ada"), await seed.user("bob")
        session = await seed.session("one", owner_id=ada.id)

        for user, name in ((ada, "ada"), (bob, "bob")):
            member = await store.member("one", user.id)
            assert await store.admission(f"l-{name}-1", "one", NOW) == (user, session, member)
        assert (
            required(required(await store.admission("l-ada-1", "one", NOW)).member).role
            is Role.OWNER
        )
        assert await store.admission("l-ada-1", "another", NOW) == (ada, None, None)
        assert await store.admission("l-ada-1", "one", NOW + HOUR) is None
        assert await store.admission("l-nobody", "one", NOW) is None

    async def test_login_is_valid_until_just_before_expiry(self, store: Store, seed: Seed) -> None:
        """A login is valid until just before `expires_at`."""
        ada = await seed.user("ada")

        assert await store.signed_in("l-ada-1", NOW + HOUR - 1) == ada
        assert await store.signed_in("l-ada-1", NOW + HOUR) is None
        assert await store.signed_in("l-ada-1", NOW + HOUR + 1) is None

    async def test_end_login_leaves_other_logins_of_user(self, store: Store, seed: Seed) -> None:
        """Ending one login leaves the user's other logins."""
        ada = await seed.user("ada")
        await store.add_login(login("ada", 2))

        await store.end_login("l-ada-1")

        assert await store.signed_in("l-ada-1", NOW) is None
        assert await store.signed_in("l-ada-2", NOW) == ada

    async def test_end_login_repeated_changes_nothing(self, store: Store, seed: Seed) -> None:
        """Ending an ended or unknown login changes nothing."""
        await seed.user("ada")

        await store.end_login("l-ada-1")
        await store.end_login("l-ada-1")
        await store.end_login("l-nobody")

        assert await store.signed_in("l-ada-1", NOW) is None

    async def test_login_after_rename_has_new_name(self, store: Store, seed: Seed) -> None:
        """A login gives the user with the new name."""
        await seed.user("ada")
        renamed = await store.rename_user("u-ada", "Countess")

        assert await store.signed_in("l-ada-1", NOW) == renamed

    async def test_add_login_deletes_expired_logins_of_user(self, store: Store, seed: Seed) -> None:
        """An expired login is deleted, so an earlier time does not find it. Valid logins stay."""
        ada = await seed.user("ada")
        await store.add_login(login("ada", 2, expires_at=NOW + 3 * HOUR))

        await store.add_login(login("ada", 3, created_at=NOW + 2 * HOUR, expires_at=NOW + 3 * HOUR))

        assert await store.signed_in("l-ada-1", NOW) is None
        assert await store.signed_in("l-ada-2", NOW) == ada
        assert await store.signed_in("l-ada-3", NOW) == ada

    async def test_add_login_leaves_expired_logins_of_others(
        self, store: Store, seed: Seed
    ) -> None:
        """Only the user's own expired logins are deleted."""
        await seed.user("ada")
        bob = await seed.user("bob")

        await store.add_login(login("ada", 2, created_at=NOW + 2 * HOUR, expires_at=NOW + 3 * HOUR))

        assert await store.signed_in("l-bob-1", NOW) == bob


class TestRotation:
    async def rotate(
        self, store: Store, presented: str, successor: str, now: int = NOW, **changed: Any
    ) -> Login:
        given = {"login_id": "l-ada-1", "expires_at": now + HOUR, "retry_ms": RETRY_MS, **changed}
        return (
            await store.rotate_login(presented=presented, successor=successor, now=now, **given)
        ).login

    async def test_rotation_of_current_token_makes_successor_current(
        self, store: Store, seed: Seed
    ) -> None:
        """A rotation makes the successor the current token, and the login lasts longer."""
        ada = await seed.user("ada")

        rotated = await self.rotate(store, "hash-0", "hash-1", NOW + 1000)

        assert rotated == login(
            "ada",
            token_hash="hash-1",
            previous_hash="hash-0",
            generation=1,
            rotated_at=NOW + 1000,
            expires_at=NOW + 1000 + HOUR,
            used_at=NOW + 1000,
        )
        assert await store.signed_in("l-ada-1", NOW + HOUR + 500) == ada

    async def test_rotation_of_each_successor_continues_login(
        self, store: Store, seed: Seed
    ) -> None:
        """Each successor is the next current token."""
        await seed.user("ada")

        chain = [
            await self.rotate(store, f"hash-{number - 1}", f"hash-{number}", NOW + number)
            for number in range(1, 6)
        ]

        rotated = chain[-1]
        assert (rotated.generation, rotated.token_hash, rotated.previous_hash) == (
            5,
            "hash-5",
            "hash-4",
        )

    async def test_rotation_leaves_other_logins_unchanged(self, store: Store, seed: Seed) -> None:
        """A rotation changes only its own login."""
        await seed.user("ada")
        await store.add_login(login("ada", 2))
        await self.rotate(store, "hash-0", "hash-1")

        other = await self.rotate(store, "hash-0", "other-1", login_id="l-ada-2")

        assert (other.id, other.generation, other.token_hash) == ("l-ada-2", 1, "other-1")

    @pytest.mark.parametrize("later", [0, 1, RETRY_MS])
    async def test_rotation_repeated_within_window_gives_same_login(
        self, store: Store, seed: Seed, later: int
    ) -> None:
        """A repeated exchange changes nothing, and gives the same login."""
        ada = await seed.user("ada")
        rotated = await self.rotate(store, "hash-0", "hash-1", NOW + 1000)

        retried = await self.rotate(store, "hash-0", "hash-1", NOW + 1000 + later)

        assert retried == rotated
        assert await store.signed_in("l-ada-1", NOW + 1000 + HOUR - 1) == ada
        assert await store.signed_in("l-ada-1", NOW + 1000 + HOUR) is None

    async def test_rotation_of_successor_after_retry_succeeds(
        self, store: Store, seed: Seed
    ) -> None:
        """A client that did not get the answer can use the successor after a retry."""
        await seed.user("ada")
        await self.rotate(store, "hash-0", "hash-1")
        await self.rotate(store, "hash-0", "hash-1")

        rotated = await self.rotate(store, "hash-1", "hash-2")

        assert rotated.generation == 2

    async def test_rotation_of_old_token_after_window_ends_login(
        self, store: Store, seed: Seed
    ) -> None:
        """A token that is used after its window may be a stolen copy, so the login ends."""
        await seed.user("ada")
        await self.rotate(store, "hash-0", "hash-1", NOW)

        with pytest.raises(TokenReused):
            await self.rotate(store, "hash-0", "hash-1", NOW + RETRY_MS + 1)

        await self.assert_ended(store)

    async def test_rotation_retry_does_not_extend_window(self, store: Store, seed: Seed) -> None:
        """The window for retries counts from the exchange, not from the last retry."""
        await seed.user("ada")
        await self.rotate(store, "hash-0", "hash-1", NOW)
        await self.rotate(store, "hash-0", "hash-1", NOW + RETRY_MS)

        with pytest.raises(TokenReused):
            await self.rotate(store, "hash-0", "hash-1", NOW + RETRY_MS + 1)

        await self.assert_ended(store)

    @pytest.mark.parametrize(
        ("presented", "successor"),
        [("unknown", "hash-2"), ("hash-1", "hash-0"), ("", ""), ("None", "x")],
    )
    async def test_rotation_of_unknown_token_ends_login(
        self, store: Store, seed: Seed, presented: str, successor: str
    ) -> None:
        """A token that the login never had ends the login."""
        await seed.user("ada")

        with pytest.raises(TokenReused):
            await self.rotate(store, presented, successor)

        await self.assert_ended(store)

    @pytest.mark.parametrize("token", [0, 1, 2, 3, 4])
    async def test_rotation_of_replaced_token_within_window_gives_newest(
        self, store: Store, seed: Seed, token: int
    ) -> None:
        """A token counts as stolen `retry_ms` after its exchange, even if many tokens followed."""
        await seed.user("ada")
        for number in range(5):
            await self.rotate(store, f"hash-{number}", f"hash-{number + 1}", NOW + 10 * number)
        (before,) = await store.logins("u-ada", NOW)

        repeated = await self.rotate(
            store, f"hash-{token}", f"hash-{token + 1}", NOW + 10 * token + RETRY_MS
        )

        assert repeated == before
        assert (repeated.token_hash, repeated.generation) == ("hash-5", 5)
        assert (await self.rotate(store, "hash-5", "hash-6", NOW + 50)).generation == 6

    @pytest.mark.parametrize("token", [0, 1, 2, 3, 4])
    async def test_rotation_of_replaced_token_after_window_ends_login(
        self, store: Store, seed: Seed, token: int
    ) -> None:
        """The window of a token counts from its own exchange, not from the newest exchange."""
        await seed.user("ada")
        for number in range(5):
            await self.rotate(store, f"hash-{number}", f"hash-{number + 1}", NOW + 10 * number)

        with pytest.raises(TokenReused):
            await self.rotate(
                store, f"hash-{token}", f"hash-{token + 1}", NOW + 10 * token + RETRY_MS + 1
            )

        await self.assert_ended(store)

    async def test_rotation_forgets_tokens_used_before_window(
        self, store: Store, seed: Seed
    ) -> None:
        """A login that is used for days keeps only the tokens of the window."""
        await seed.user("ada")

        chain = [
            await self.rotate(
                store, f"hash-{number}", f"hash-{number + 1}", NOW + number * (RETRY_MS // 3)
            )
            for number in range(200)
        ]

        assert len(chain[-1].earlier_hashes.split()) == 3
        with pytest.raises(TokenReused):
            await self.rotate(store, "hash-195", "hash-196", chain[-1].rotated_at)

    async def test_rotation_in_quick_succession_keeps_bounded_list(
        self, store: Store, seed: Seed
    ) -> None:
        """Endless refreshing does not fill the row, and the newest tokens are remembered."""
        await seed.user("ada")
        chain = [
            await self.rotate(store, f"hash-{number}", f"hash-{number + 1}")
            for number in range(100)
        ]

        assert len(chain[-1].earlier_hashes.split()) == 64
        assert await self.rotate(store, "hash-40", "hash-41") == chain[-1]

    async def test_rotation_of_reused_token_leaves_other_logins(
        self, store: Store, seed: Seed
    ) -> None:
        """A reused token ends only its own login, so other devices stay signed in."""
        ada = await seed.user("ada")
        await store.add_login(login("ada", 2))

        with pytest.raises(TokenReused):
            await self.rotate(store, "unknown", "hash-1")

        assert await store.signed_in("l-ada-2", NOW) == ada

    @pytest.mark.parametrize("presented", ["hash-0", "unknown"])
    async def test_rotation_of_expired_login_is_not_found(
        self, store: Store, seed: Seed, presented: str
    ) -> None:
        """An expired login is not found, with any token."""
        await seed.user("ada")

        with pytest.raises(NotFound):
            await self.rotate(store, presented, "hash-1", NOW + HOUR)

    async def test_rotation_just_before_expiry_renews_login(self, store: Store, seed: Seed) -> None:
        """The last millisecond before the expiry renews the login."""
        await seed.user("ada")

        rotated = await self.rotate(store, "hash-0", "hash-1", NOW + HOUR - 1)

        assert rotated.expires_at == NOW + 2 * HOUR - 1

    async def test_rotation_of_ended_login_is_not_found(self, store: Store, seed: Seed) -> None:
        """A rotation of an ended login raises NotFound."""
        await seed.user("ada")
        await store.end_login("l-ada-1")

        with pytest.raises(NotFound):
            await self.rotate(store, "hash-0", "hash-1")

    async def test_rotation_never_extends_login_beyond_its_end(
        self, store: Store, seed: Seed
    ) -> None:
        """A login expires at `ends_at`, even if it is used often."""
        await seed.user("ada")

        rotated = await self.rotate(store, "hash-0", "hash-1", expires_at=NOW + 100 * HOUR)

        assert rotated.expires_at == NOW + 10 * HOUR
        assert rotated.ends_at == NOW + 10 * HOUR
        assert await store.signed_in("l-ada-1", NOW + 10 * HOUR) is None

    async def test_rotation_by_fifty_concurrent_calls_gives_one_result(
        self, store: Store, seed: Seed
    ) -> None:
        """Fifty calls make one exchange, and all of them get its result."""
        await seed.user("ada")

        results = await asyncio.gather(
            *(self.rotate(store, "hash-0", "hash-1", NOW + 5) for _ in range(50))
        )

        assert set(results) == {results[0]}
        assert (results[0].generation, results[0].token_hash) == (1, "hash-1")

    @pytest.mark.parametrize("generation", [3, 4, 1000])
    async def test_rotation_of_token_later_than_the_store_continues_login(
        self, store: Store, seed: Seed, generation: int
    ) -> None:
        """If a proven token is later than the stored one, a backup was restored.

        Then it counts as the newest token. A repeated exchange gives the same login, and the tokens
        that were newest in the backup count as used.
        """
        await seed.user("ada")
        await self.rotate(store, "hash-0", "hash-1", NOW)
        await self.rotate(store, "hash-1", "hash-2", NOW + 1)
        exchange = ("l-ada-1", "later", "latest", NOW + 5, NOW + 5 + HOUR, RETRY_MS, generation)

        rotated, was_behind = await store.rotate_login(*exchange)
        again = await store.rotate_login(*exchange)

        assert was_behind
        assert rotated == login(
            "ada",
            token_hash="latest",
            previous_hash="later",
            generation=generation + 1,
            rotated_at=NOW + 5,
            expires_at=NOW + 5 + HOUR,
            used_at=NOW + 5,
        )
        assert again == (rotated, False)
        assert (await self.rotate(store, "latest", "next", NOW + 6)).generation == generation + 2
        with pytest.raises(TokenReused):
            await self.rotate(store, "hash-2", "hash-3", NOW + 6, generation=2)
        await self.assert_ended(store)

    @pytest.mark.parametrize("generation", [-1, 0, 1, 2])
    async def test_rotation_of_unknown_earlier_token_ends_login(
        self, store: Store, seed: Seed, generation: int
    ) -> None:
        """If a token is neither the newest one nor later, it counts as a used token."""
        await seed.user("ada")
        await self.rotate(store, "hash-0", "hash-1", NOW)
        await self.rotate(store, "hash-1", "hash-2", NOW + 1)

        with pytest.raises(TokenReused):
            await self.rotate(store, "unknown", "hash-1", NOW + 2, generation=generation)

        await self.assert_ended(store)

    async def test_rotation_of_token_later_than_an_expired_login_is_not_found(
        self, store: Store, seed: Seed
    ) -> None:
        """A later token does not continue a login that has expired in the restored backup."""
        await seed.user("ada")

        with pytest.raises(NotFound):
            await self.rotate(store, "later", "latest", NOW + HOUR, generation=9)

    async def test_rotation_of_later_token_by_fifty_calls_gives_one_result(
        self, store: Store, seed: Seed
    ) -> None:
        """Fifty tabs with one later token make one exchange. One call learns of the restore."""
        await seed.user("ada")
        exchange = ("l-ada-1", "later", "latest", NOW + 5, NOW + 5 + HOUR, RETRY_MS, 9)

        results = await asyncio.gather(*(store.rotate_login(*exchange) for _ in range(50)))

        assert {result.login for result in results} == {results[0].login}
        assert (results[0].login.generation, results[0].login.token_hash) == (10, "latest")
        assert [result.was_behind for result in results].count(True) == 1

    async def assert_ended(self, store: Store) -> None:
        assert await store.signed_in("l-ada-1", NOW) is None
        for token in ("hash-0", "hash-1", "hash-2"):
            with pytest.raises(NotFound):
                await self.rotate(store, token, "next")


class TestLoginsOfUser:
    async def test_login_list_is_sorted_by_last_use(self, store: Store, seed: Seed) -> None:
        """The logins have every field. The order of the sign-ins does not matter."""
        await seed.user("ada")
        for number, used in ((2, 5), (3, 9), (4, 7)):
            await store.add_login(login("ada", number, used_at=NOW + used))

        logins = await store.logins("u-ada", NOW)

        assert logins == [
            login("ada", 3, used_at=NOW + 9),
            login("ada", 4, used_at=NOW + 7),
            login("ada", 2, used_at=NOW + 5),
            login("ada", 1),
        ]

    async def test_login_list_has_logins_of_one_user_only(self, store: Store, seed: Seed) -> None:
        """The list has no logins of other users, and an unknown user has no logins."""
        await seed.user("ada")
        await seed.user("bob")

        assert await store.logins("u-bob", NOW) == [login("bob")]
        assert await store.logins("u-nobody", NOW) == []

    async def test_login_list_leaves_out_expired_and_ended_logins(
        self, store: Store, seed: Seed
    ) -> None:
        """Expired and ended logins are not listed."""
        await seed.user("ada")
        await store.add_login(login("ada", 2, expires_at=NOW + 5))
        await store.add_login(login("ada", 3))
        await store.end_login("l-ada-3")

        listed = [
            {login.id for login in await store.logins("u-ada", now)}
            for now in (NOW + 4, NOW + 5, NOW + HOUR)
        ]

        assert listed == [{"l-ada-1", "l-ada-2"}, {"l-ada-1"}, set()]

    async def test_touch_logins_changes_last_use_of_named_logins_only(
        self, store: Store, seed: Seed
    ) -> None:
        """Only the time of use changes, and only in the named logins."""
        await seed.user("ada")
        await seed.user("bob")
        await store.add_login(login("ada", 2, used_at=NOW + 1))

        await store.touch_logins(["l-ada-1", "l-bob-1"], NOW + 7)

        assert await store.logins("u-ada", NOW) == [
            login("ada", 1, used_at=NOW + 7),
            login("ada", 2, used_at=NOW + 1),
        ]
        assert await store.logins("u-bob", NOW) == [login("bob", 1, used_at=NOW + 7)]

    async def test_touch_logins_accepts_any_iterable(self, store: Store, seed: Seed) -> None:
        """Ids may come from an iterable that is read once, is empty, or repeats an id."""
        await seed.user("ada")

        await store.touch_logins(iter(["l-ada-1", "l-ada-1"]), NOW + 7)
        await store.touch_logins([], NOW + 9)

        assert await store.logins("u-ada", NOW) == [login("ada", used_at=NOW + 7)]

    async def test_touch_logins_accepts_more_ids_than_sql_parameters(
        self, store: Store, seed: Seed
    ) -> None:
        """There may be more ids than an SQL statement may have parameters."""
        await seed.user("ada")

        await store.touch_logins([*(f"l-{number}" for number in range(40_000)), "l-ada-1"], NOW + 7)

        assert await store.logins("u-ada", NOW) == [login("ada", used_at=NOW + 7)]

    async def test_touch_logins_ignores_ended_logins(self, store: Store, seed: Seed) -> None:
        """Ended logins stay ended, and the use of the other logins is noted."""
        await seed.user("ada")
        await store.add_login(login("ada", 2))
        await store.end_login("l-ada-2")

        await store.touch_logins(["l-none", "l-ada-2", "l-ada-1"], NOW + 7)

        assert await store.logins("u-ada", NOW) == [login("ada", used_at=NOW + 7)]
        assert await store.signed_in("l-ada-2", NOW) is None

    async def test_touch_logins_with_earlier_time_changes_nothing(
        self, store: Store, seed: Seed
    ) -> None:
        """A late note with an earlier time does not change the time of the last use."""
        await seed.user("ada")
        await store.touch_logins(["l-ada-1"], NOW + 7)

        await store.touch_logins(["l-ada-1"], NOW + 3)

        assert await store.logins("u-ada", NOW) == [login("ada", used_at=NOW + 7)]

    async def test_rotation_updates_last_use_once(self, store: Store, seed: Seed) -> None:
        """A rotation moves its login up in the list, and a retry changes nothing."""
        await seed.user("ada")
        await store.add_login(login("ada", 2, used_at=NOW + 1))

        rotated, _ = await store.rotate_login(
            "l-ada-1", "hash-0", "hash-1", NOW + 7, NOW + HOUR, HOUR
        )
        await store.rotate_login("l-ada-1", "hash-0", "hash-1", NOW + 9, NOW + HOUR, HOUR)

        assert rotated.used_at == NOW + 7
        assert await store.logins("u-ada", NOW) == [rotated, login("ada", 2, used_at=NOW + 1)]

    async def test_end_other_logins_returns_ids_of_all_but_kept_login(
        self, store: Store, seed: Seed
    ) -> None:
        """The ids of all the user's other logins are returned, and other users' logins stay."""
        await seed.user("ada")
        bob = await seed.user("bob")
        for number in (2, 3):
            await store.add_login(login("ada", number))

        ended = await store.end_other_logins("u-ada", "l-ada-2")

        assert sorted(ended) == ["l-ada-1", "l-ada-3"]
        assert await store.logins("u-ada", NOW) == [login("ada", 2)]
        assert await store.signed_in("l-bob-1", NOW) == bob

    @pytest.mark.parametrize("login_id", ["", "l-none", "l-bob-1"])
    async def test_end_other_logins_with_kept_login_of_other_user_ends_all(
        self, store: Store, seed: Seed, login_id: str
    ) -> None:
        """A login of another user keeps none of the user's logins."""
        await seed.user("ada")
        bob = await seed.user("bob")

        ended = await store.end_other_logins("u-ada", login_id)

        assert ended == ("l-ada-1",)
        assert await store.logins("u-ada", NOW) == []
        assert await store.signed_in("l-bob-1", NOW) == bob
        assert await store.end_other_logins("u-nobody", login_id) == ()
