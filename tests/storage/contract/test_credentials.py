"""Tests of `CredentialStore`: tokens for forgotten passwords, and changed e-mail addresses."""

import asyncio
from dataclasses import replace

import pytest

from storage.base import Store
from storage.errors import Conflict, NotFound, Outdated
from tests.storage.rows import HOUR, MANY, NOW, Seed, login

OLD = "$2b$04$hash"
NEW = "$2b$04$another"
END = NOW + HOUR


async def password_of(store: Store, user_id: str) -> str | None:
    user = await store.user(user_id)
    assert user is not None
    return user.password_hash


class TestResets:
    async def test_reset_is_valid_for_its_user_until_it_expires(
        self, store: Store, seed: Seed
    ) -> None:
        """The hash finds the user until the expiry, and not afterwards."""
        ada = await seed.user("ada")
        await seed.user("bob")
        await store.add_reset("hash", "u-ada", END)

        users = [await store.user_of_reset("hash", now) for now in (NOW, END - 1, END)]

        assert users == [ada, ada, None]
        assert await store.user_of_reset("another", NOW) is None
        with pytest.raises(NotFound):
            await store.use_reset("hash", NEW, END)
        assert await password_of(store, "u-ada") == OLD

    async def test_reset_changes_password_and_ends_all_logins_of_its_user(
        self, store: Store, seed: Seed
    ) -> None:
        """Other users are not affected."""
        await seed.user("ada")
        bob = await seed.user("bob")
        await store.add_login(login("ada", 2))
        await store.add_reset("hash", "u-ada", END)

        ended = await store.use_reset("hash", NEW, NOW)

        assert sorted(ended) == ["l-ada-1", "l-ada-2"]
        assert await store.logins("u-ada", NOW) == []
        assert await password_of(store, "u-ada") == NEW
        assert (await store.user("u-bob"), await store.signed_in("l-bob-1", NOW)) == (bob, bob)

    async def test_reset_is_used_once_and_ends_others_of_its_user(
        self, store: Store, seed: Seed
    ) -> None:
        """Only the first use succeeds. Tokens of other users stay."""
        await seed.user("ada")
        bob = await seed.user("bob")
        for token_hash, user_id in (("first", "u-ada"), ("second", "u-ada"), ("third", "u-bob")):
            await store.add_reset(token_hash, user_id, END)

        await store.use_reset("second", NEW, NOW)

        for token_hash in ("first", "second"):
            assert await store.user_of_reset(token_hash, NOW) is None
            with pytest.raises(NotFound):
                await store.use_reset(token_hash, OLD, NOW)
        assert await password_of(store, "u-ada") == NEW
        assert await store.user_of_reset("third", NOW) == bob

    async def test_reset_by_twenty_concurrent_calls_succeeds_once(
        self, store: Store, seed: Seed
    ) -> None:
        """All other calls are refused, and the password of the successful call is stored."""
        await seed.user("ada")
        await store.add_reset("hash", "u-ada", END)

        results = await asyncio.gather(
            *(store.use_reset("hash", f"{NEW}{number}", NOW) for number in range(20)),
            return_exceptions=True,
        )

        (winner,) = (number for number, result in enumerate(results) if result == ("l-ada-1",))
        assert sum(isinstance(result, NotFound) for result in results) == 19
        assert await password_of(store, "u-ada") == f"{NEW}{winner}"

    async def test_reset_repeated_keeps_its_expiry(self, store: Store, seed: Seed) -> None:
        """A caller may repeat the write after StoreUnavailable.

        The repeated write changes nothing.
        """
        ada = await seed.user("ada")
        await store.add_reset("hash", "u-ada", END)
        await store.add_reset("hash", "u-ada", END + HOUR)

        assert await store.user_of_reset("hash", END - 1) == ada
        assert await store.user_of_reset("hash", END) is None

    async def test_reset_of_unknown_or_deleted_user_is_refused(
        self, store: Store, seed: Seed
    ) -> None:
        """No link restores a deleted account."""
        await seed.user("ada")
        await store.add_reset("hash", "u-ada", END)
        await store.delete_user("u-ada", NOW, deletes_sessions=True)

        assert await store.user_of_reset("hash", NOW) is None
        with pytest.raises(NotFound):
            await store.use_reset("hash", NEW, NOW)
        for user_id in ("u-ada", "u-nobody"):
            with pytest.raises(NotFound):
                await store.add_reset("later", user_id, END)

    async def test_changed_password_ends_resets(self, store: Store, seed: Seed) -> None:
        """A link that was requested before no longer works."""
        await seed.user("ada")
        await store.add_reset("hash", "u-ada", END)

        await store.set_password("u-ada", NEW, "l-ada-1")

        assert await store.user_of_reset("hash", NOW) is None

    async def test_sweep_deletes_expired_resets(self, store: Store, seed: Seed) -> None:
        """An earlier time does not find expired tokens, because they are deleted. Others stay."""
        ada = await seed.user("ada")
        await store.add_reset("early", "u-ada", NOW + HOUR)
        await store.add_reset("late", "u-ada", NOW + 3 * HOUR)

        await store.sweep(NOW + 2 * HOUR, NOW, MANY)

        assert await store.user_of_reset("early", NOW) is None
        assert await store.user_of_reset("late", NOW) == ada


class TestEmails:
    async def test_set_email_changes_address_that_finds_user(
        self, store: Store, seed: Seed
    ) -> None:
        """The old address finds nobody, and is free for others."""
        ada = await seed.user("ada")

        changed = await store.set_email("u-ada", "Countess@example.org", known_hash=OLD)

        assert changed == replace(ada, email="Countess@example.org") == await store.user("u-ada")
        assert await store.user_by_name("COUNTESS@EXAMPLE.ORG") == changed
        assert await store.user_by_name("ada@example.org") is None
        await seed.user("bob", email="ada@example.org")
        assert await store.logins("u-ada", NOW) != []

    async def test_set_email_that_is_in_use_is_conflict(self, store: Store, seed: Seed) -> None:
        """Capitals do not matter. The address of the user is no conflict."""
        ada = await seed.user("ada")
        await seed.user("bob")

        with pytest.raises(Conflict) as caught:
            await store.set_email("u-ada", "BOB@example.org", known_hash=OLD)

        assert caught.value.field == "email"
        assert await store.user("u-ada") == ada
        await store.set_email("u-ada", "ADA@example.org", known_hash=OLD)
        assert await store.user_by_name("ada@example.org") is not None

    async def test_set_email_after_password_changed_is_outdated(
        self, store: Store, seed: Seed
    ) -> None:
        """The checked password is no longer the user's password."""
        ada = await seed.user("ada")

        with pytest.raises(Outdated):
            await store.set_email("u-ada", "countess@example.org", known_hash=NEW)

        assert await store.user("u-ada") == ada

    async def test_set_email_of_unknown_or_deleted_user_is_not_found(
        self, store: Store, seed: Seed
    ) -> None:
        """There is no address to change."""
        await seed.user("ada")
        await store.delete_user("u-ada", NOW, deletes_sessions=True)

        for user_id in ("u-ada", "u-nobody"):
            with pytest.raises(NotFound):
                await store.set_email(user_id, "countess@example.org", known_hash=OLD)

    async def test_set_email_ends_resets(self, store: Store, seed: Seed) -> None:
        """A link in the old mailbox no longer works."""
        await seed.user("ada")
        await store.add_reset("hash", "u-ada", END)

        await store.set_email("u-ada", "countess@example.org", known_hash=OLD)

        assert await store.user_of_reset("hash", NOW) is None
