"""Tests of `InviteStore` on every store: guests, and guests who become users."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from storage.base import Store
from storage.errors import Conflict, LimitReached, NotFound
from storage.logins.records import Login
from storage.records import Invite, InviteUse, Member, Role, User
from tests.storage.contract.claims import claimed, new_login
from tests.storage.rows import (
    HOUR,
    MANY,
    NOW,
    Seed,
    guest,
    invite,
    login,
    member,
    message,
    odd_text,
    user,
)

SECRET = "s1-secret-1"


async def the_use(store: Store) -> tuple[Invite, list[InviteUse]]:
    """Return the only invite of s1 with its uses, even if it is not usable."""
    (listing,) = await store.invites("s1", None, MANY, MANY)
    return listing


async def count(store: Store) -> int:
    """Return how often the only invite of s1 was used."""
    return (await the_use(store))[0].uses


class TestGuests:
    async def test_add_guest_creates_user_login_and_membership_and_counts_use(
        self, store: Store, seed: Seed
    ) -> None:
        """A guest is a signed-in user and a member in the invite's role, and a use is counted."""
        await seed.session()
        await seed.invite(role=Role.VIEWER)
        gil = guest(created_at=NOW + 5)

        joined = await store.add_guest(gil, login("gil"), SECRET, MANY)

        assert joined == member("u-gil", role=Role.VIEWER, joined_at=NOW + 5)
        assert await store.member("s1", "u-gil") == joined
        assert await store.user("u-gil") == gil
        assert await store.signed_in("l-gil-1", NOW) == gil
        assert await store.logins("u-gil", NOW) == [login("gil")]
        assert await the_use(store) == (
            invite(role=Role.VIEWER, uses=1),
            [InviteUse("u-gil", NOW + 5)],
        )
        assert [listing.session.id for listing in await store.sessions_of("u-gil", None, MANY)] == [
            "s1"
        ]

    async def test_add_guest_marks_earlier_messages_as_read(self, store: Store, seed: Seed) -> None:
        """For a guest earlier messages count as read, as for users who join by the link."""
        await seed.session()
        await seed.invite()
        await store.add_message(message())

        await seed.guest()

        assert await store.read_messages("s1", "u-gil", 0) == 0

    async def test_add_guest_repeated_returns_existing_membership(
        self, store: Store, seed: Seed
    ) -> None:
        """A repeated call returns the membership, even with a used-up invite and a full session."""
        await seed.session()
        await seed.invite(max_uses=1)
        first = await store.add_guest(guest(), login("gil"), SECRET, 2)

        again = await store.add_guest(guest(), login("gil"), SECRET, 2)

        assert again == first
        assert len(await store.members("s1")) == 2
        assert await store.logins("u-gil", NOW) == [login("gil")]
        assert await count(store) == 1

    async def test_add_guest_by_fifty_concurrent_calls_adds_one_guest(
        self, store: Store, seed: Seed
    ) -> None:
        """Fifty calls for one guest add the guest once."""
        await seed.session()
        await seed.invite(max_uses=5)

        results = await asyncio.gather(
            *(store.add_guest(guest(), login("gil"), SECRET, MANY) for _ in range(50))
        )

        assert set(results) == {member("u-gil")}
        assert await count(store) == 1

    @pytest.mark.parametrize(
        ("secret", "fields"),
        [
            pytest.param("s1-secret-9", {}, id="unknown"),
            pytest.param("s1-secret-1", {"created_at": NOW + HOUR}, id="expired"),
            pytest.param("s1-secret-2", {}, id="revoked"),
            pytest.param("s1-secret-3", {}, id="used up"),
            pytest.param("s2-secret-1", {}, id="of another session"),
            pytest.param("s1-secret-1", {"guest_of": "s2"}, id="for another session"),
            pytest.param("s1-secret-1", {"guest_of": "s-none"}, id="for no session"),
        ],
    )
    async def test_add_guest_with_unusable_invite_stores_nothing(
        self, store: Store, seed: Seed, secret: str, fields: dict[str, Any]
    ) -> None:
        """With an unusable invite neither guest nor login is stored, and no use is counted."""
        await seed.unusable_invites()
        before = await store.invites("s1", None, MANY, MANY)

        with pytest.raises(NotFound):
            await store.add_guest(guest(**fields), login("gil"), secret, MANY)

        await self.assert_not_stored(store, "gil")
        assert await store.invites("s1", None, MANY, MANY) == before
        assert await store.invites("s2", None, MANY, MANY) == [(invite(1, "s2"), [])]

    async def test_add_guest_to_full_session_stores_nothing_and_counts_no_use(
        self, store: Store, seed: Seed
    ) -> None:
        """With a full session the guest is not stored, and the invite is not used."""
        await seed.session()
        await seed.invite(max_uses=1)

        with pytest.raises(LimitReached):
            await store.add_guest(guest(), login("gil"), SECRET, 1)

        await self.assert_not_stored(store, "gil")
        assert await the_use(store) == (invite(max_uses=1), [])
        assert await store.add_guest(guest(), login("gil"), SECRET, 2) == member("u-gil")

    async def test_add_guest_by_fifty_callers_with_five_uses_admits_five(
        self, store: Store, seed: Seed
    ) -> None:
        """Five guests are admitted, and nothing is stored of the other guests."""
        await seed.session()
        await seed.invite(max_uses=5)
        names = [f"guest{number}" for number in range(50)]

        results = await asyncio.gather(
            *(store.add_guest(guest(name), login(name), SECRET, MANY) for name in names),
            return_exceptions=True,
        )

        came_in = {result.user_id for result in results if isinstance(result, Member)}
        assert len(came_in) == 5
        assert sum(isinstance(result, NotFound) for result in results) == 45
        assert (await store.users(f"u-{name}" for name in names)).keys() == came_in
        assert {
            f"u-{name}" for name in names if await store.signed_in(f"l-{name}-1", NOW)
        } == came_in
        assert {member.user_id for member in await store.members("s1")} == {"u-ada", *came_in}
        used, uses = await the_use(store)
        assert (used.uses, {use.user_id for use in uses}) == (5, came_in)

    async def test_guest_names_are_not_unique(self, store: Store, seed: Seed) -> None:
        """Two guests and an account may have one name, in any order of arrival."""
        await seed.session()
        await seed.invite()
        await seed.user("ada")
        for name in ("gil", "gus"):
            await seed.guest(name, username="Ada")
        await seed.guest("gwen", username="carl")

        await seed.user("carl")

        users = await store.users(["u-ada", "u-gil", "u-gus", "u-gwen", "u-carl"])
        assert [user.username for user in users.values()] == ["ada", "Ada", "Ada", "carl", "carl"]

    async def test_guest_name_never_conflicts_with_account_name(
        self, store: Store, seed: Seed
    ) -> None:
        """No account name conflicts with a guest, even a name made from the guest's id."""
        await seed.session()
        await seed.invite()
        for number, name in enumerate(("u-gil", " u-gil", "u-gil ", "", " ", "l-gil-1")):
            await seed.user(f"user{number}", username=name)

        await seed.guest("gil")

        assert await store.user("u-gil") == guest("gil")

    async def test_rename_of_guest_to_name_in_use_succeeds(self, store: Store, seed: Seed) -> None:
        """A guest may take a taken name, and an account is still found by its name."""
        await seed.session()
        await seed.invite()
        ada = await seed.user("ada")
        await seed.guest("gus", username="gus")
        gil = await seed.guest("gil")

        renamed = [await store.rename_user("u-gil", name) for name in ("gus", "ADA")]

        assert renamed == [replace(gil, username="gus"), replace(gil, username="ADA")]
        assert await store.user("u-gil") == renamed[1]
        assert await store.user_by_name("ada") == ada

    async def test_account_may_take_name_of_guest(self, store: Store, seed: Seed) -> None:
        """A guest's name is free for accounts."""
        await seed.session()
        await seed.invite()
        ada = await seed.user("ada")
        await seed.guest("gil")

        renamed = await store.rename_user("u-ada", "gil")

        assert renamed == replace(ada, username="gil")
        assert await store.user_by_name("GIL") == renamed

    @pytest.mark.parametrize("name", ["Gil", "gil", "u-gil", " u-gil", "", "None", "null", " "])
    async def test_user_by_name_never_finds_guest(
        self, store: Store, seed: Seed, name: str
    ) -> None:
        """A guest is not found by name, by id, or by the missing e-mail address."""
        await seed.session()
        await seed.invite()
        await seed.guest("gil", username="Gil")

        assert await store.user_by_name(name) is None

    @odd_text
    async def test_guests_with_unusual_text_come_back_as_stored(
        self, store: Store, seed: Seed, text: str
    ) -> None:
        """Names and devices come back character by character, for any number of guests."""
        await seed.session()
        await seed.invite()
        made = [await seed.guest(name, username=text, full_name=text) for name in ("gil", "gus")]
        await store.add_login(login("gil", 2, device=text, used_at=NOW + 1))

        users = await store.users(["u-gil", "u-gus"])

        assert list(users.values()) == made
        assert (await store.logins("u-gil", NOW))[0].device == text
        assert await store.user_by_name(text) is None

    async def assert_not_stored(self, store: Store, name: str) -> None:
        assert await store.user(f"u-{name}") is None
        assert await store.signed_in(f"l-{name}-1", NOW) is None
        assert await store.logins(f"u-{name}", NOW) == []
        assert await store.member("s1", f"u-{name}") is None
        assert await store.member("s2", f"u-{name}") is None


class TestClaims:
    async def test_claim_makes_guest_a_full_user(self, store: Store, seed: Seed) -> None:
        """The new user has a name, an e-mail address and a password, and no session of a guest."""
        await self.seed(seed)

        ended = await store.claim_guest(claimed(), new_login())

        assert ended == ()
        assert await store.user("u-gil") == claimed()
        assert await store.user_by_name("GIL") == claimed()
        assert await store.user_by_name("gil@Example.org") == claimed()
        assert await store.member("s1", "u-gil") == member("u-gil")

    async def test_claim_gives_login_a_new_token(self, store: Store, seed: Seed) -> None:
        """The login has a new token after the claim, and the guest's token is invalid."""
        await self.seed(seed)

        await store.claim_guest(claimed(), new_login())

        assert await store.logins("u-gil", NOW) == [new_login()]
        assert await store.signed_in("l-gil-1", NOW + 8 * HOUR) == claimed()
        rotated, _ = await store.rotate_login(
            "l-gil-1", "hash-new", "hash-2", NOW + 10, NOW + HOUR, 0
        )
        assert rotated.token_hash == "hash-2"

    async def test_claim_ends_other_logins_of_guest(self, store: Store, seed: Seed) -> None:
        """The ids of the guest's other logins are returned. Logins of other users stay."""
        await self.seed(seed, "gil", "gus")
        for number in (2, 3):
            await store.add_login(login("gil", number))

        ended = await store.claim_guest(claimed(), new_login())

        assert sorted(ended) == ["l-gil-2", "l-gil-3"]
        assert await store.logins("u-gil", NOW) == [new_login()]
        assert await store.signed_in("l-gil-2", NOW) is None
        assert await store.signed_in("l-gus-1", NOW) == guest("gus")

    async def test_claim_repeated_changes_nothing(self, store: Store, seed: Seed) -> None:
        """A claim can be repeated when the caller does not know whether it succeeded."""
        await self.seed(seed)
        await store.add_login(login("gil", 2))
        await store.claim_guest(claimed(), new_login())

        await store.claim_guest(claimed(), new_login())

        assert await store.user("u-gil") == claimed()
        assert await store.logins("u-gil", NOW) == [new_login()]

    @pytest.mark.parametrize(
        ("account", "under"),
        [
            pytest.param(claimed("nobody"), new_login("nobody"), id="nobody"),
            pytest.param(claimed("ada", full_name="Other"), new_login("ada"), id="no guest"),
            pytest.param(claimed("gone"), new_login("gone"), id="deleted"),
            pytest.param(claimed("gil"), new_login("gil", id="l-none"), id="unknown login"),
            pytest.param(claimed("gil"), new_login("gil", id="l-gus-1"), id="the login of another"),
            pytest.param(claimed("gil"), new_login("gil", id="l-gil-2"), id="ended login"),
        ],
    )
    async def test_claim_of_unknown_guest_is_not_found_and_changes_nothing(
        self, store: Store, seed: Seed, account: User, under: Login
    ) -> None:
        """An unknown guest or login is not found, and no user or login changes."""
        await self.seed(seed, "gil", "gus", "gone")
        await seed.user("ada")
        await store.add_login(login("gil", 2))
        await store.end_login("l-gil-2")
        await store.delete_user("u-gone", NOW, deletes_sessions=True)
        before = await self.everybody(store)

        with pytest.raises(NotFound):
            await store.claim_guest(account, under)

        assert await self.everybody(store) == before

    @pytest.mark.parametrize(
        ("fields", "field"),
        [
            ({"email": "ADA@example.org"}, "email"),
            ({"email": "STRASSE@example.org"}, "email"),
            ({"username": "ADA"}, "username"),
            ({"username": "STRASSE"}, "username"),
        ],
    )
    async def test_claim_of_name_in_use_leaves_guest_unchanged(
        self, store: Store, seed: Seed, fields: dict[str, str], field: str
    ) -> None:
        """A guest who claims a taken name stays a guest, with all logins."""
        await self.seed(seed)
        await seed.user("ada")
        await seed.user("bob", username="straße", email="straße@example.org")
        await store.add_login(login("gil", 2))
        before = await self.everybody(store)

        with pytest.raises(Conflict) as caught:
            await store.claim_guest(claimed(**fields), new_login())

        assert caught.value.field == field
        assert await self.everybody(store) == before

    async def test_claim_with_name_of_other_guest_succeeds(self, store: Store, seed: Seed) -> None:
        """A claim may take the name that another guest uses."""
        await self.seed(seed, "gil", "gus")

        await store.claim_guest(claimed("gil", username="Gus"), new_login("gil"))

        assert (await store.user_by_name("gus")) == claimed("gil", username="Gus")
        assert await store.user("u-gus") == guest("gus")

    @pytest.mark.parametrize("field", ["username", "email"])
    async def test_claim_concurrent_with_one_name_succeeds_once(
        self, store: Store, seed: Seed, field: str
    ) -> None:
        """One guest gets the name. The others get a conflict and stay guests."""
        names = [f"guest{number}" for number in range(20)]
        await self.seed(seed, *names)

        results = await asyncio.gather(
            *(
                store.claim_guest(claimed(name, **{field: "Wanted"}), new_login(name))
                for name in names
            ),
            return_exceptions=True,
        )

        winners = [name for name, result in zip(names, results, strict=True) if result == ()]
        users = await store.users(f"u-{name}" for name in names)
        assert len(winners) == 1
        assert [result.field for result in results if isinstance(result, Conflict)] == [field] * 19
        assert [user.id for user in users.values() if not user.is_guest] == [f"u-{winners[0]}"]
        assert await store.user_by_name("wanted") == claimed(winners[0], **{field: "Wanted"})
        for name in set(names) - set(winners):
            assert await store.logins(f"u-{name}", NOW) == [login(name)]

    async def test_claim_concurrent_with_sign_up_of_same_name_succeeds_for_one(
        self, store: Store, seed: Seed
    ) -> None:
        """Either the guest or the new user gets the name."""
        await self.seed(seed)

        results = await asyncio.gather(
            store.claim_guest(claimed(username="wanted"), new_login()),
            store.add_user(user("ada", username="Wanted"), login("ada")),
            return_exceptions=True,
        )

        assert sum(isinstance(result, Conflict) for result in results) == 1
        account = await store.user_by_name("wanted")
        assert account is not None
        assert account.id == ("u-gil" if results[0] == () else "u-ada")

    @odd_text
    async def test_claim_with_unusual_text_stores_name_as_given(
        self, store: Store, seed: Seed, text: str
    ) -> None:
        """Names come back character by character."""
        await self.seed(seed)
        account = claimed(username=f"x{text}", full_name=text, email=f"x@{text}")

        await store.claim_guest(account, new_login(device=text))

        assert await store.user("u-gil") == account
        assert await store.user_by_name(f"X{text}") == account
        assert await store.user_by_name(f"X@{text}") == account
        assert (await store.logins("u-gil", NOW))[0].device == text

    async def seed(self, seed: Seed, *names: str) -> None:
        """Make guests of s1."""
        await seed.session()
        await seed.invite()
        for name in names or ("gil",):
            await seed.guest(name)

    async def everybody(self, store: Store) -> list[Any]:
        """Return the stored users and logins of everybody in these tests."""
        ids = [f"u-{name}" for name in ("nobody", "ada", "bob", "gil", "gus", "gone")]
        return [dict(await store.users(ids)), [await store.logins(user_id, NOW) for user_id in ids]]
