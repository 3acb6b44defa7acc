"""Tests of `AccountStore` on every store: users, their passwords and their pictures."""

import asyncio
from dataclasses import replace

import pytest

from storage.base import Store
from storage.errors import Conflict, NotFound
from tests.storage.rows import (
    NOW,
    Seed,
    avatar,
    login,
    odd_text,
    user,
)


class TestUsers:
    async def test_user_comes_back_as_stored(self, store: Store, seed: Seed) -> None:
        """A user comes back with every field, and with the spelling of the name."""
        full = user(
            "ada", username="Ada", full_name="Ada Lovelace", avatar="https://pics.example.org/ada"
        )
        await seed.user(
            "ada", username="Ada", full_name="Ada Lovelace", avatar="https://pics.example.org/ada"
        )

        stored_user = await store.user("u-ada")

        assert stored_user == full
        assert stored_user is not None
        assert stored_user.is_guest is False

    async def test_guest_comes_back_as_stored(self, store: Store, seed: Seed) -> None:
        """The fields that guests do not have stay None."""
        guest = await seed.user("guest", email=None, password_hash=None, is_guest=True)

        user = await store.user("u-guest")

        assert user == guest
        assert user is not None
        assert user.is_guest is True

    async def test_guests_without_email_do_not_conflict(self, store: Store, seed: Seed) -> None:
        """Two guests without an e-mail address do not conflict."""
        await seed.user("guest1", email=None, is_guest=True)
        await seed.user("guest2", email=None, is_guest=True)

        users = await store.users(["u-guest1", "u-guest2"])

        assert users.keys() == {"u-guest1", "u-guest2"}

    async def test_user_of_unknown_id_is_none(self, store: Store) -> None:
        """An unknown id gives None, and no error."""
        assert await store.user("u-nobody") is None

    async def test_users_leaves_out_unknown_ids(self, store: Store, seed: Seed) -> None:
        """Existing users are returned by their ids, and unknown ids are left out."""
        await seed.user("ada")
        await seed.user("bob")

        users = await store.users(["u-bob", "u-nobody", "u-ada", "u-bob"])

        assert dict(users) == {"u-ada": user("ada"), "u-bob": user("bob")}

    async def test_users_accepts_any_iterable(self, store: Store, seed: Seed) -> None:
        """Ids may come from an iterable that is readable only once, or is empty."""
        await seed.user("ada")

        assert dict(await store.users(iter(["u-ada"]))) == {"u-ada": user("ada")}
        assert dict(await store.users([])) == {}

    async def test_users_accepts_more_ids_than_sql_parameters(
        self, store: Store, seed: Seed
    ) -> None:
        """There may be more ids than an SQL statement may have parameters."""
        await seed.user("ada")

        users = await store.users([*(f"u-{number}" for number in range(40_000)), "u-ada"])

        assert dict(users) == {"u-ada": user("ada")}

    @pytest.mark.parametrize(
        ("taken", "other_name"),
        [
            ("ada", "ada"),
            ("ada", "ADA"),
            ("STRASSE", "straße"),
            ("straße", "Strasse"),
            ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ],
    )
    async def test_user_names_are_unique_case_folded(
        self, store: Store, seed: Seed, taken: str, other_name: str
    ) -> None:
        """A name that differs in case only is in use, in every alphabet."""
        await seed.user("first", username=taken)

        with pytest.raises(Conflict) as caught:
            await seed.user("second", username=other_name)

        assert caught.value.field == "username"

    @pytest.mark.parametrize(
        ("taken", "other_name"),
        [
            ("علی\u200cرضا", "علیرضا"),
            ("annalena", "Anna\u00adLena"),
            ("ana 👩💻", "ana 👩\u200d💻"),
            ("né", "ne\u200d\u0301"),
        ],
    )
    async def test_user_names_are_unique_without_joiners(
        self, store: Store, seed: Seed, taken: str, other_name: str
    ) -> None:
        """Invisible characters make no new name, and every spelling finds the user."""
        for number, (first, second) in enumerate([(taken, other_name), (other_name, taken)]):
            await seed.user(f"first{number}", username=f"{number}{first}")

            with pytest.raises(Conflict) as caught:
                await seed.user(f"second{number}", username=f"{number}{second}")

            assert caught.value.field == "username"
            for name in (first, second):
                user = await store.user_by_name(f"{number}{name}")
                assert user is not None
                assert user.id == f"u-first{number}"

    @pytest.mark.parametrize("other_name", ["ada@example.org", "ADA@Example.ORG"])
    async def test_user_emails_are_unique_case_folded(
        self, store: Store, seed: Seed, other_name: str
    ) -> None:
        """An e-mail address that differs in case only is in use."""
        await seed.user("first", email="ada@example.org")

        with pytest.raises(Conflict) as caught:
            await seed.user("second", email=other_name)

        assert caught.value.field == "email"

    async def test_add_user_refused_stores_neither_user_nor_login(
        self, store: Store, seed: Seed
    ) -> None:
        """A refused sign-up stores neither the user nor the login."""
        await seed.user("ada")

        with pytest.raises(Conflict):
            await store.add_user(user("eve", username="ADA"), login("eve"))

        assert await store.user("u-eve") is None
        assert await store.user_by_name("eve@example.org") is None
        assert await store.signed_in("l-eve-1", NOW) is None

    async def test_add_user_concurrent_with_one_name_succeeds_once(self, store: Store) -> None:
        """One of 20 concurrent sign-ups under one name succeeds; the others name the conflict."""
        names = [f"user{number}" for number in range(20)]

        results = await asyncio.gather(
            *(store.add_user(user(name, username="ada"), login(name)) for name in names),
            return_exceptions=True,
        )

        assert results.count(None) == 1
        assert [error.field for error in results if isinstance(error, Conflict)] == [
            "username"
        ] * 19

    @pytest.mark.parametrize(
        "name", ["Straße", "STRASSE", "strasse", "ada@example.org", "ADA@Example.ORG"]
    )
    async def test_user_by_name_finds_name_or_email_in_any_case(
        self, store: Store, seed: Seed, name: str
    ) -> None:
        """A name or an e-mail address finds its user in upper and lower case."""
        made = await seed.user("ada", username="Straße")
        await seed.user("bob")

        assert await store.user_by_name(name) == made

    async def test_user_by_name_folds_stored_email(self, store: Store, seed: Seed) -> None:
        """An address that was stored with capitals is found by any spelling."""
        await seed.user("ada", email="Ada@Example.org")

        users = [await store.user_by_name(name) for name in ("Ada@Example.org", "ada@example.org")]

        assert [user and user.id for user in users] == ["u-ada", "u-ada"]

    @pytest.mark.parametrize("name", ["nobody", "", "ada%", "ad_", "ada@example", "u-ada", "None"])
    async def test_user_by_name_of_unknown_or_partial_name_is_none(
        self, store: Store, seed: Seed, name: str
    ) -> None:
        """Names are compared whole, and a guest is not found by a missing address."""
        await seed.user("ada")
        await seed.user("guest", email=None)

        assert await store.user_by_name(name) is None

    async def test_rename_replaces_name_and_frees_old_one(self, store: Store, seed: Seed) -> None:
        """The new name finds the user, and the old name is free."""
        ada = await seed.user("ada")

        renamed = await store.rename_user("u-ada", "Countess")

        assert renamed == replace(ada, username="Countess")
        assert await store.user("u-ada") == renamed
        assert await store.user_by_name("countess") == renamed
        assert await store.user_by_name("ada") is None
        await seed.user("other", username="ada")

    async def test_rename_to_other_spelling_of_own_name_succeeds(
        self, store: Store, seed: Seed
    ) -> None:
        """A user may take another spelling of their own name."""
        ada = await seed.user("ada")

        assert await store.rename_user("u-ada", "ADA") == replace(ada, username="ADA")

    @pytest.mark.parametrize("name", ["Straße", "STRASSE"])
    async def test_rename_to_name_in_use_is_conflict(
        self, store: Store, seed: Seed, name: str
    ) -> None:
        """Another user's name is a conflict in upper and lower case, and nothing changes."""
        ada = await seed.user("ada")
        await seed.user("bob", username="straße")

        with pytest.raises(Conflict) as caught:
            await store.rename_user("u-ada", name)

        assert caught.value.field == "username"
        assert await store.user("u-ada") == ada

    async def test_rename_of_unknown_user_is_not_found(self, store: Store) -> None:
        """A rename of an unknown user raises NotFound."""
        with pytest.raises(NotFound):
            await store.rename_user("u-nobody", "name")

    @odd_text
    async def test_user_with_unusual_text_comes_back_as_stored(
        self, store: Store, seed: Seed, text: str
    ) -> None:
        """Names and avatars come back character by character."""
        made = await seed.user("ada", username=f"x{text}", full_name=text, avatar=text)

        assert await store.user("u-ada") == made
        assert await store.user_by_name(f"X{text}") == made

    async def test_user_with_avatar_of_one_megabyte_comes_back_as_stored(
        self, store: Store, seed: Seed
    ) -> None:
        """A field with a megabyte of text comes back whole."""
        made = await seed.user("ada", avatar="ä" * (1 << 20))

        assert await store.user("u-ada") == made


class TestPasswords:
    async def test_password_change_replaces_hash_and_ends_other_logins(
        self, store: Store, seed: Seed
    ) -> None:
        """Only the hash changes, and all logins end except the kept login."""
        ada = await seed.user("ada")
        for number in (2, 3):
            await store.add_login(login("ada", number))

        ended = await store.set_password("u-ada", "$2b$04$other", "l-ada-2")

        assert sorted(ended) == ["l-ada-1", "l-ada-3"]
        assert await store.user("u-ada") == replace(ada, password_hash="$2b$04$other")
        assert await store.logins("u-ada", NOW) == [login("ada", 2)]
        assert await store.signed_in("l-ada-1", NOW) is None

    async def test_password_change_without_other_logins_ends_none(
        self, store: Store, seed: Seed
    ) -> None:
        """If the user has no other logins, no login ends."""
        await seed.user("ada")

        assert await store.set_password("u-ada", "new", "l-ada-1") == ()

    async def test_password_change_with_kept_login_of_other_user_ends_own_logins(
        self, store: Store, seed: Seed
    ) -> None:
        """All of the user's logins end, and the other user's login does not."""
        await seed.user("ada")
        bob = await seed.user("bob")

        ended = await store.set_password("u-ada", "new", "l-bob-1")

        assert ended == ("l-ada-1",)
        assert await store.signed_in("l-bob-1", NOW) == bob
        assert await store.user("u-bob") == bob

    async def test_password_change_of_unknown_user_is_not_found(
        self, store: Store, seed: Seed
    ) -> None:
        """An unknown user is not found, and nobody is signed out."""
        ada = await seed.user("ada")

        with pytest.raises(NotFound):
            await store.set_password("u-nobody", "new", "l-nobody-1")

        assert await store.signed_in("l-ada-1", NOW) == ada


class TestAvatars:
    async def test_avatar_stored_elsewhere_keeps_address_and_key_only(
        self, store: Store, seed: Seed
    ) -> None:
        """The user's row has the picture's address and key, and the store has no picture."""
        ada = await seed.user("ada")

        before = await store.set_avatar("u-ada", "https://pics.example.org/1", "key-1", None)

        assert before is None
        assert await store.user("u-ada") == replace(
            ada, avatar="https://pics.example.org/1", avatar_key="key-1"
        )
        assert await store.avatar("u-ada") is None

    async def test_avatar_stored_in_store_comes_back_whole(self, store: Store, seed: Seed) -> None:
        """Every byte of a picture comes back."""
        ada = await seed.user("ada")
        picture = avatar("ada", bytes(range(256)), created_at=NOW + 1)

        await store.set_avatar("u-ada", "/avatars/u-ada", None, picture)

        stored_avatar = await store.avatar("u-ada")
        assert stored_avatar == picture
        assert stored_avatar is not None
        assert type(stored_avatar.data) is bytes
        assert await store.user("u-ada") == replace(ada, avatar="/avatars/u-ada")

    async def test_avatar_replacement_returns_previous_key(self, store: Store, seed: Seed) -> None:
        """A new picture replaces the previous picture and returns its key. None deletes it."""
        ada = await seed.user("ada")
        await store.set_avatar("u-ada", "url-1", "key-1", avatar("ada", b"1"))

        second = await store.set_avatar("u-ada", "url-2", "key-2", avatar("ada", b"2"))
        stored_avatar = await store.avatar("u-ada")
        third = await store.set_avatar("u-ada", "url-3", "key-3", None)
        dropped = await store.avatar("u-ada")
        fourth = await store.set_avatar("u-ada", None, None, None)

        assert (second, third, fourth) == ("key-1", "key-2", "key-3")
        assert (stored_avatar, dropped) == (avatar("ada", b"2"), None)
        assert await store.user("u-ada") == ada

    async def test_avatar_change_leaves_avatars_of_others(self, store: Store, seed: Seed) -> None:
        """The picture of another user stays."""
        await seed.user("ada")
        bob = await seed.user("bob")
        await store.set_avatar("u-bob", "url", "key", avatar("bob"))

        await store.set_avatar("u-ada", None, None, None)

        assert await store.user("u-bob") == replace(bob, avatar="url", avatar_key="key")
        assert await store.avatar("u-bob") == avatar("bob")

    async def test_avatar_of_unknown_user_is_not_found_and_not_kept(self, store: Store) -> None:
        """An unknown user is not found, and the picture is not kept."""
        with pytest.raises(NotFound):
            await store.set_avatar("u-nobody", "url", "key", avatar("nobody"))

        assert await store.avatar("u-nobody") is None

    @pytest.mark.parametrize(
        "data", [b"", b"\0", b"\xff" * (1 << 20)], ids=["empty", "zero", "a megabyte"]
    )
    async def test_avatar_of_any_bytes_is_not_cut(
        self, store: Store, seed: Seed, data: bytes
    ) -> None:
        """A picture of any bytes comes back whole."""
        await seed.user("ada")

        await store.set_avatar("u-ada", "url", None, avatar("ada", data))

        assert await store.avatar("u-ada") == avatar("ada", data)

    @odd_text
    async def test_avatar_with_unusual_address_and_key_comes_back_as_stored(
        self, store: Store, seed: Seed, text: str
    ) -> None:
        """Addresses and keys come back character by character."""
        await seed.user("ada")
        await store.set_avatar("u-ada", text, text, None)

        user = await store.user("u-ada")

        assert user is not None
        assert (user.avatar, user.avatar_key) == (text, text)
        assert await store.set_avatar("u-ada", None, None, None) == text
