"""The contract of the accounts in `storage.base.Store`, run on every store: passwords, pictures, logins, the end.

Those who sign up and in are in `test_store.py`, who owns and who has read what in `test_owners.py`.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from storage.base import Store
from storage.errors import NotFound, StoreError
from storage.records import AccountDeletion, InviteUse, Role
from tests.storage.rows import (
    DAY,
    HOUR,
    NOW,
    ODD_TEXTS,
    Seed,
    avatar,
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

MANY = 1_000
IDLE = NOW + 40 * DAY
"""When whoever was not active since `NOW` counts as idle."""

odd_text = pytest.mark.parametrize("text", ODD_TEXTS.values(), ids=ODD_TEXTS.keys())


class TestPasswords:
    async def test_a_new_password(self, store: Store, seed: Seed) -> None:
        """Only the hash changes, and all logins but the kept one end."""
        ada = await seed.user("ada")
        for number in (2, 3):
            await store.add_login(login("ada", number))

        ended = await store.set_password("u-ada", "$2b$04$other", "l-ada-2")

        assert sorted(ended) == ["l-ada-1", "l-ada-3"]
        assert await store.user("u-ada") == replace(ada, password_hash="$2b$04$other")
        assert await store.logins("u-ada", NOW) == [login("ada", 2)]
        assert await store.signed_in("l-ada-1", NOW) is None

    async def test_without_other_logins(self, store: Store, seed: Seed) -> None:
        """None end."""
        await seed.user("ada")

        assert await store.set_password("u-ada", "new", "l-ada-1") == ()

    async def test_a_kept_login_that_is_not_his(self, store: Store, seed: Seed) -> None:
        """It does not keep his own, and stays with whose it is."""
        await seed.user("ada")
        bob = await seed.user("bob")

        ended = await store.set_password("u-ada", "new", "l-bob-1")

        assert ended == ("l-ada-1",)
        assert await store.signed_in("l-bob-1", NOW) == bob
        assert await store.user("u-bob") == bob

    async def test_of_nobody(self, store: Store, seed: Seed) -> None:
        """An unknown user is not found, and nobody is signed out."""
        ada = await seed.user("ada")

        with pytest.raises(NotFound):
            await store.set_password("u-nobody", "new", "l-nobody-1")

        assert await store.signed_in("l-ada-1", NOW) == ada


class TestAvatars:
    async def test_a_picture_elsewhere(self, store: Store, seed: Seed) -> None:
        """Its address and key are the user's; the store keeps nothing."""
        ada = await seed.user("ada")

        before = await store.set_avatar("u-ada", "https://pics.example.org/1", "key-1", None)

        assert before is None
        assert await store.user("u-ada") == replace(ada, avatar="https://pics.example.org/1", avatar_key="key-1")
        assert await store.avatar("u-ada") is None

    async def test_a_picture_in_the_store(self, store: Store, seed: Seed) -> None:
        """Every byte of it."""
        ada = await seed.user("ada")
        picture = avatar("ada", bytes(range(256)), created_at=NOW + 1)

        await store.set_avatar("u-ada", "/avatars/u-ada", None, picture)

        found = await store.avatar("u-ada")
        assert found == picture
        assert found is not None
        assert type(found.data) is bytes
        assert await store.user("u-ada") == replace(ada, avatar="/avatars/u-ada")

    async def test_one_after_another(self, store: Store, seed: Seed) -> None:
        """Each replaces the one before, whose key is returned; None drops it."""
        ada = await seed.user("ada")
        await store.set_avatar("u-ada", "url-1", "key-1", avatar("ada", b"1"))

        second = await store.set_avatar("u-ada", "url-2", "key-2", avatar("ada", b"2"))
        kept = await store.avatar("u-ada")
        third = await store.set_avatar("u-ada", "url-3", "key-3", None)
        dropped = await store.avatar("u-ada")
        fourth = await store.set_avatar("u-ada", None, None, None)

        assert (second, third, fourth) == ("key-1", "key-2", "key-3")
        assert (kept, dropped) == (avatar("ada", b"2"), None)
        assert await store.user("u-ada") == ada

    async def test_of_one_user(self, store: Store, seed: Seed) -> None:
        """The picture of another stays."""
        await seed.user("ada")
        bob = await seed.user("bob")
        await store.set_avatar("u-bob", "url", "key", avatar("bob"))

        await store.set_avatar("u-ada", None, None, None)

        assert await store.user("u-bob") == replace(bob, avatar="url", avatar_key="key")
        assert await store.avatar("u-bob") == avatar("bob")

    async def test_of_nobody(self, store: Store) -> None:
        """An unknown user is not found, and his picture not kept."""
        with pytest.raises(NotFound):
            await store.set_avatar("u-nobody", "url", "key", avatar("nobody"))

        assert await store.avatar("u-nobody") is None

    @pytest.mark.parametrize("data", [b"", b"\0", b"\xff" * (1 << 20)], ids=["empty", "zero", "a megabyte"])
    async def test_any_bytes(self, store: Store, seed: Seed, data: bytes) -> None:
        """A picture is not cut."""
        await seed.user("ada")

        await store.set_avatar("u-ada", "url", None, avatar("ada", data))

        assert await store.avatar("u-ada") == avatar("ada", data)

    @odd_text
    async def test_odd_text(self, store: Store, seed: Seed, text: str) -> None:
        """Addresses and keys come back character by character."""
        await seed.user("ada")
        await store.set_avatar("u-ada", text, text, None)

        found = await store.user("u-ada")

        assert found is not None
        assert (found.avatar, found.avatar_key) == (text, text)
        assert await store.set_avatar("u-ada", None, None, None) == text


class TestLogins:
    async def test_the_one_used_last_first(self, store: Store, seed: Seed) -> None:
        """With every field, whatever the order in which they were made."""
        await seed.user("ada")
        for number, used in ((2, 5), (3, 9), (4, 7)):
            await store.add_login(login("ada", number, used_at=NOW + used))

        found = await store.logins("u-ada", NOW)

        assert found == [
            login("ada", 3, used_at=NOW + 9),
            login("ada", 4, used_at=NOW + 7),
            login("ada", 2, used_at=NOW + 5),
            login("ada", 1),
        ]

    async def test_his_own_only(self, store: Store, seed: Seed) -> None:
        """Nobody else's, and nobody has none."""
        await seed.user("ada")
        await seed.user("bob")

        assert await store.logins("u-bob", NOW) == [login("bob")]
        assert await store.logins("u-nobody", NOW) == []

    async def test_until_expiry(self, store: Store, seed: Seed) -> None:
        """Those that have expired or ended are not listed."""
        await seed.user("ada")
        await store.add_login(login("ada", 2, expires_at=NOW + 5))
        await store.add_login(login("ada", 3))
        await store.end_login("l-ada-3")

        listed = [{one.id for one in await store.logins("u-ada", now)} for now in (NOW + 4, NOW + 5, NOW + HOUR)]

        assert listed == [{"l-ada-1", "l-ada-2"}, {"l-ada-1"}, set()]

    async def test_touching(self, store: Store, seed: Seed) -> None:
        """Only the time of use changes, of those that are named."""
        await seed.user("ada")
        await seed.user("bob")
        await store.add_login(login("ada", 2, used_at=NOW + 1))

        await store.touch_logins(["l-ada-1", "l-bob-1"], NOW + 7)

        assert await store.logins("u-ada", NOW) == [login("ada", 1, used_at=NOW + 7), login("ada", 2, used_at=NOW + 1)]
        assert await store.logins("u-bob", NOW) == [login("bob", 1, used_at=NOW + 7)]

    async def test_touching_takes_any_iterable(self, store: Store, seed: Seed) -> None:
        """Also one that can be read only once, has nothing, or names one twice."""
        await seed.user("ada")

        await store.touch_logins(iter(["l-ada-1", "l-ada-1"]), NOW + 7)
        await store.touch_logins([], NOW + 9)

        assert await store.logins("u-ada", NOW) == [login("ada", used_at=NOW + 7)]

    async def test_touching_many(self, store: Store, seed: Seed) -> None:
        """More than a statement may have parameters."""
        await seed.user("ada")

        await store.touch_logins([*(f"l-{number}" for number in range(40_000)), "l-ada-1"], NOW + 7)

        assert await store.logins("u-ada", NOW) == [login("ada", used_at=NOW + 7)]

    async def test_touching_passes_over_those_that_have_ended(self, store: Store, seed: Seed) -> None:
        """They stay ended, and the others are noted."""
        await seed.user("ada")
        await store.add_login(login("ada", 2))
        await store.end_login("l-ada-2")

        await store.touch_logins(["l-none", "l-ada-2", "l-ada-1"], NOW + 7)

        assert await store.logins("u-ada", NOW) == [login("ada", used_at=NOW + 7)]
        assert await store.signed_in("l-ada-2", NOW) is None

    async def test_use_never_runs_backwards(self, store: Store, seed: Seed) -> None:
        """A note that comes late does not make a login older."""
        await seed.user("ada")
        await store.touch_logins(["l-ada-1"], NOW + 7)

        await store.touch_logins(["l-ada-1"], NOW + 3)

        assert await store.logins("u-ada", NOW) == [login("ada", used_at=NOW + 7)]

    async def test_a_refresh_is_a_use(self, store: Store, seed: Seed) -> None:
        """It moves the login up; a retry of it changes nothing."""
        await seed.user("ada")
        await store.add_login(login("ada", 2, used_at=NOW + 1))

        rotated = await store.rotate_login("l-ada-1", "hash-0", "hash-1", NOW + 7, NOW + HOUR, HOUR)
        await store.rotate_login("l-ada-1", "hash-0", "hash-1", NOW + 9, NOW + HOUR, HOUR)

        assert rotated.used_at == NOW + 7
        assert await store.logins("u-ada", NOW) == [rotated, login("ada", 2, used_at=NOW + 1)]

    async def test_ending_the_others(self, store: Store, seed: Seed) -> None:
        """All of his but one, whose ids are returned, also of those expired or not."""
        await seed.user("ada")
        bob = await seed.user("bob")
        for number in (2, 3):
            await store.add_login(login("ada", number))

        ended = await store.end_other_logins("u-ada", "l-ada-2")

        assert sorted(ended) == ["l-ada-1", "l-ada-3"]
        assert await store.logins("u-ada", NOW) == [login("ada", 2)]
        assert await store.signed_in("l-bob-1", NOW) == bob

    @pytest.mark.parametrize("kept", ["", "l-none", "l-bob-1"])
    async def test_ending_all(self, store: Store, seed: Seed, kept: str) -> None:
        """A login that is not his keeps none of his."""
        await seed.user("ada")
        bob = await seed.user("bob")

        ended = await store.end_other_logins("u-ada", kept)

        assert ended == ("l-ada-1",)
        assert await store.logins("u-ada", NOW) == []
        assert await store.signed_in("l-bob-1", NOW) == bob
        assert await store.end_other_logins("u-nobody", kept) == ()


class TestDeleting:
    async def test_everything_of_his_goes(self, store: Store, seed: Seed) -> None:
        """Logins, tickets and picture."""
        await seed.user("ada")
        await store.add_login(login("ada", 2))
        await store.add_ticket(ticket())
        await store.set_avatar("u-ada", "url", "key", avatar())

        deletion = await store.delete_user("u-ada", NOW, deletes_sessions=True)

        assert sorted(deletion.logins) == ["l-ada-1", "l-ada-2"]
        assert deletion == AccountDeletion(logins=deletion.logins, avatar_key="key")
        assert await store.logins("u-ada", NOW) == []
        assert await store.signed_in("l-ada-1", NOW) is None
        assert await store.take_ticket("ticket-ada-1", NOW) is None
        assert await store.avatar("u-ada") is None

    async def test_only_authorship_remains(self, store: Store, seed: Seed) -> None:
        """The row tells when he came, and nothing by which he could be known."""
        await seed.user("ada", full_name="Ada Lovelace")
        await store.set_avatar("u-ada", "url", "key", None)

        await store.delete_user("u-ada", NOW, deletes_sessions=True)

        left = (await store.users(["u-ada"]))["u-ada"]
        nameless = {"username": "", "full_name": "", "email": None, "password_hash": None}
        assert left == user("ada", **nameless, is_deleted=True)
        assert left.is_deleted is True

    async def test_his_name_is_forgotten_everywhere(self, store: Store, seed: Seed) -> None:
        """In messages and versions too, which stay; the same name of somebody else stays as well."""
        await seed.user("ada")
        await seed.session("s1", owner_id="u-bob")
        await store.join(member("u-ada"), MANY)
        for text, sender in (("one", "u-ada"), ("two", "u-bob")):
            await store.add_message(message(text, sender_id=sender))
            await store.add_version(version(text, author_id=sender), MANY)

        await store.delete_user("u-ada", NOW, deletes_sessions=True)

        assert await store.messages("s1", None, MANY) == [
            message("one", sequence=1, sender_name=""),
            message("two", sequence=2, sender_id="u-bob"),
        ]
        assert await store.versions("s1", None, MANY, with_files=True) == [
            version("two", number=2, author_id="u-bob"),
            version("one", number=1, author_name=""),
        ]

    @pytest.mark.parametrize("name", ["ada", "ADA", "ada@example.org", "u-ada", " u-ada", ""])
    async def test_he_is_not_found_by_name(self, store: Store, seed: Seed, name: str) -> None:
        """Neither by the names he had nor by what is left."""
        await seed.user("ada")

        await store.delete_user("u-ada", NOW, deletes_sessions=True)

        assert await store.user_by_name(name) is None

    async def test_his_names_are_free(self, store: Store, seed: Seed) -> None:
        """For a new user, and for as many deletions as there may be."""
        for number in range(3):
            made = await seed.user(f"ada{number}", username="Ada", email="ada@example.org")
            assert await store.user_by_name("ada") == made
            await store.delete_user(made.id, NOW, deletes_sessions=True)

        found = await store.users(f"u-ada{number}" for number in range(3))

        assert [one.is_deleted for one in found.values()] == [True] * 3

    @pytest.mark.parametrize("deletes_sessions", [True, False])
    async def test_sessions_of_others(self, store: Store, seed: Seed, *, deletes_sessions: bool) -> None:
        """He is no member there any more, and his place is free; the sessions stay."""
        await seed.user("ada")
        for session_id in ("s1", "s2", "s3"):
            await seed.session(session_id, owner_id="u-bob")
        await store.join(member("u-ada", "s1"), MANY)
        await store.join(member("u-ada", "s2", role=Role.VIEWER), MANY)

        deletion = await store.delete_user("u-ada", NOW, deletes_sessions=deletes_sessions)

        assert sorted(deletion.memberships) == ["s1", "s2"]
        assert (deletion.inherited, deletion.deleted) == ({}, ())
        assert await store.sessions_of("u-ada", None, MANY) == []
        assert await store.member("s1", "u-ada") is None
        assert await store.members("s1") == [member("u-bob", role=Role.OWNER)]
        assert await store.session("s2") == session("s2", owner_id="u-bob")

    async def test_sessions_that_he_was_removed_from(self, store: Store, seed: Seed) -> None:
        """His row there goes as well, but he was in none of them."""
        await seed.user("ada")
        await seed.session("s1", owner_id="u-bob")
        await store.join(member("u-ada"), MANY)
        await store.remove_member("s1", "u-ada")

        deletion = await store.delete_user("u-ada", NOW, deletes_sessions=True)

        assert await store.member("s1", "u-ada") is None
        assert deletion == AccountDeletion(logins=("l-ada-1",))

    async def test_his_sessions_are_deleted(self, store: Store, seed: Seed) -> None:
        """With everything in them, although there is an editor."""
        await self.family(store, seed, bob=1)
        await seed.session("s2", owner_id="u-bob")
        await seed.invite()
        await store.add_message(message())

        deletion = await store.delete_user("u-ada", NOW, deletes_sessions=True)

        assert deletion == AccountDeletion(logins=("l-ada-1",), deleted=("s1",))
        assert await store.session("s1") is None
        assert await store.members("s1") == []
        assert await store.messages("s1", None, MANY) == []
        assert await store.invites("s1", None, MANY, MANY) == []
        assert [one.session.id for one in await store.sessions_of("u-bob", None, MANY)] == ["s2"]

    async def test_the_eldest_editor_inherits(self, store: Store, seed: Seed) -> None:
        """By when he joined, not by his name or his account's age; the others keep their roles."""
        await self.family(store, seed, zoe=3, bob=5, carl=4)

        deletion = await store.delete_user("u-ada", NOW, deletes_sessions=False)

        assert deletion.inherited == {"s1": "u-zoe"}
        assert deletion.deleted == ()
        found = await store.session("s1")
        assert found is not None
        assert found.owner_id == "u-zoe"
        assert await store.members("s1") == [
            member("u-zoe", role=Role.OWNER, joined_at=NOW + 3),
            member("u-carl", joined_at=NOW + 4),
            member("u-bob", joined_at=NOW + 5),
        ]

    async def test_who_does_not_inherit(self, store: Store, seed: Seed) -> None:
        """Viewers, guests, and who was removed or left, however old."""
        await self.family(store, seed, viewer=1, removed=2, left=3, successor=9)
        await store.set_role("s1", "u-viewer", Role.VIEWER)
        await store.remove_member("s1", "u-removed")
        await store.leave("s1", "u-left")
        await seed.invite()
        await seed.guest("gil", created_at=NOW + 1)

        deletion = await store.delete_user("u-ada", NOW, deletes_sessions=False)

        assert deletion.inherited == {"s1": "u-successor"}

    async def test_without_a_successor(self, store: Store, seed: Seed) -> None:
        """A session that has viewers and guests only is deleted."""
        await self.family(store, seed, viewer=1)
        await store.set_role("s1", "u-viewer", Role.VIEWER)
        await seed.invite()
        await seed.guest("gil")

        deletion = await store.delete_user("u-ada", NOW, deletes_sessions=False)

        assert deletion == AccountDeletion(logins=("l-ada-1",), deleted=("s1",))
        assert await store.session("s1") is None
        assert await store.sessions_of("u-gil", None, MANY) == []

    async def test_a_claimed_guest_inherits(self, store: Store, seed: Seed) -> None:
        """He is no guest any more."""
        await self.family(store, seed)
        await seed.invite()
        gil = await seed.guest("gil")
        await store.claim_guest(
            replace(gil, email="gil@example.org", password_hash="x", is_guest=False, guest_of=None), login("gil")
        )

        deletion = await store.delete_user("u-ada", NOW, deletes_sessions=False)

        assert deletion.inherited == {"s1": "u-gil"}

    async def test_what_is_inherited_is_whole(self, store: Store, seed: Seed) -> None:
        """Chat, log, versions and invites are where they were."""
        await self.family(store, seed, bob=1)
        await seed.invite()
        await store.add_message(message("one", sender_id="u-bob"))
        await store.append_chunks([chunk(1, 4)])
        await store.add_version(version(author_id="u-bob"), MANY)

        await store.delete_user("u-ada", NOW, deletes_sessions=False)

        assert await store.messages("s1", None, MANY) == [message("one", sequence=1, sender_id="u-bob")]
        assert await store.chunks("s1", 0, MANY) == [chunk(1, 4)]
        assert await store.newest_version("s1") == version(number=1, author_id="u-bob")
        assert [one for one, _ in await store.invites("s1", None, MANY, MANY)] == [invite()]

    async def test_the_farewell_tells_each_session_once(self, store: Store, seed: Seed) -> None:
        """Memberships are in sessions of others: not what he owned himself, inherited or deleted."""
        for name in ("ada", "bob"):
            await seed.user(name)
        for session_id, owner_id in (("own1", "u-ada"), ("own2", "u-ada"), ("other", "u-bob")):
            await seed.session(session_id, owner_id=owner_id)
        await store.join(member("u-bob", "own1"), MANY)
        await store.join(member("u-ada", "other"), MANY)

        deletion = await store.delete_user("u-ada", NOW, deletes_sessions=False)

        assert deletion == AccountDeletion(("l-ada-1",), ("other",), {"own1": "u-bob"}, ("own2",))
        assert await store.member("own1", "u-ada") is None

    async def test_a_session_that_he_handed_over(self, store: Store, seed: Seed) -> None:
        """It is another's, and he is an editor there like any."""
        await self.family(store, seed, bob=1)
        await store.transfer_session("s1", "u-ada", "u-bob")

        deletion = await store.delete_user("u-ada", NOW, deletes_sessions=True)

        assert deletion == AccountDeletion(("l-ada-1",), ("s1",))
        assert await store.members("s1") == [member("u-bob", role=Role.OWNER, joined_at=NOW + 1)]

    async def test_deleting_twice_is_without_effect(self, store: Store, seed: Seed) -> None:
        """Also when the names have a new user; and nobody cannot be deleted."""
        await self.family(store, seed, bob=1)
        await store.delete_user("u-ada", NOW, deletes_sessions=False)
        new = await seed.user("new", username="ada", email="ada@example.org")
        before = [await store.members("s1"), dict(await store.users(["u-ada", "u-new", "u-bob"]))]

        deletions = [
            await store.delete_user(user_id, NOW, deletes_sessions=True) for user_id in ("u-ada", "u-nobody", "")
        ]

        assert deletions == [AccountDeletion()] * 3
        assert [await store.members("s1"), dict(await store.users(["u-ada", "u-new", "u-bob"]))] == before
        assert await store.signed_in("l-new-1", NOW) == new

    async def test_fifty_times_at_once(self, store: Store, seed: Seed) -> None:
        """One call returns what was deleted, the others return nothing."""
        await self.family(store, seed, bob=1)

        results = await asyncio.gather(*(store.delete_user("u-ada", NOW, deletes_sessions=False) for _ in range(50)))

        told = [one for one in results if one != AccountDeletion()]
        assert [one.inherited for one in told] == [{"s1": "u-bob"}]

    @pytest.mark.parametrize(
        "call",
        [
            pytest.param(lambda store: store.rename_user("u-ada", "Back"), id="rename_user"),
            pytest.param(lambda store: store.set_password("u-ada", "new", "l-ada-1"), id="set_password"),
            pytest.param(lambda store: store.set_avatar("u-ada", "url", "key", avatar()), id="set_avatar"),
            pytest.param(lambda store: store.add_login(login("ada", 2)), id="add_login"),
            pytest.param(lambda store: store.add_ticket(ticket()), id="add_ticket"),
            pytest.param(
                lambda store: store.rotate_login("l-ada-1", "hash-0", "hash-1", NOW, NOW + HOUR, 0), id="rotate_login"
            ),
        ],
    )
    async def test_he_does_not_come_back(
        self, store: Store, seed: Seed, call: Callable[[Store], Awaitable[Any]]
    ) -> None:
        """A request that was under way finds no such user or login, and leaves nothing of his."""
        await seed.user("ada")
        await store.delete_user("u-ada", NOW, deletes_sessions=True)
        before = dict(await store.users(["u-ada"]))

        with pytest.raises(NotFound):
            await call(store)

        assert dict(await store.users(["u-ada"])) == before
        assert await store.logins("u-ada", NOW) == []
        assert await store.avatar("u-ada") is None
        assert await store.take_ticket("ticket-ada-1", NOW) is None

    async def test_a_guest(self, store: Store, seed: Seed) -> None:
        """His account ends like any, and what he said stays."""
        await seed.session()
        await seed.invite()
        await seed.guest("gil")
        await store.add_message(message("one", sender_id="u-gil"))

        deletion = await store.delete_user("u-gil", NOW, deletes_sessions=True)

        assert deletion == AccountDeletion(("l-gil-1",), ("s1",))
        assert await store.members("s1") == [member("u-ada", role=Role.OWNER)]
        assert [one.text for one in await store.messages("s1", None, MANY)] == ["one"]
        assert (await store.users(["u-gil"]))["u-gil"].is_deleted is True

    @odd_text
    async def test_odd_text(self, store: Store, seed: Seed, text: str) -> None:
        """Whatever the name is, it is forgotten and free."""
        await seed.user("ada", username=f"x{text}", email=f"x@{text}", full_name=text)

        await store.delete_user("u-ada", NOW, deletes_sessions=True)

        assert await store.user_by_name(f"x{text}") is None
        await seed.user("bob", username=f"X{text}", email=f"X@{text}")

    async def family(self, store: Store, seed: Seed, **editors: int) -> None:
        """A session of u-ada with editors who joined so many milliseconds after."""
        await seed.user("ada")
        await seed.session()
        for name, joined in editors.items():
            await seed.user(name)
            await store.join(member(f"u-{name}", joined_at=NOW + joined), MANY)


class TestSweeping:
    async def test_expired_logins(self, store: Store, seed: Seed) -> None:
        """Asked for the past, those that have expired are gone, the others there; no account goes."""
        ada = await seed.user("ada")
        bob = await seed.user("bob")
        await store.add_login(login("ada", 2, expires_at=NOW + 3 * HOUR))

        swept = await store.sweep(NOW + 2 * HOUR, NOW, MANY)

        assert swept == []
        assert [await store.signed_in(f"l-ada-{number}", NOW) for number in (1, 2)] == [None, ada]
        assert await store.signed_in("l-bob-1", NOW) is None
        assert dict(await store.users(["u-ada", "u-bob"])) == {"u-ada": ada, "u-bob": bob}

    async def test_expired_tickets(self, store: Store, seed: Seed) -> None:
        """Asked for the past, those that have expired are gone, the others there."""
        await seed.user("ada")
        lasting = ticket("ada", 2, expires_at=NOW + 3 * HOUR)
        await store.add_ticket(ticket("ada", 1))
        await store.add_ticket(lasting)

        await store.sweep(NOW + 2 * HOUR, NOW, MANY)

        assert await store.take_ticket("ticket-ada-1", NOW) is None
        assert await store.take_ticket("ticket-ada-2", NOW) == lasting

    @pytest.mark.parametrize(("later", "is_listed"), [(0, True), (27 * DAY, True), (32 * DAY, False)])
    async def test_invites_that_expired_a_month_ago(
        self, store: Store, seed: Seed, later: int, *, is_listed: bool
    ) -> None:
        """Until then they are listed with their uses; those who came in by them stay."""
        await seed.session()
        made = await seed.invite(1)
        revoked = await seed.invite(2, expires_at=NOW + 40 * DAY)
        await store.use_invite("s1-secret-1", member(), MANY)
        await store.revoke_invite("s1", revoked.id)

        await store.sweep(made.expires_at + later, NOW, MANY)

        lasting = (replace(revoked, is_revoked=True), [])
        expired = (replace(made, uses=1), [InviteUse("u-bob", NOW)])
        assert await store.invites("s1", None, MANY, MANY) == [lasting, expired][: 2 if is_listed else 1]
        assert await store.member("s1", "u-bob") == member()

    async def test_an_idle_guest(self, store: Store, seed: Seed) -> None:
        """He is returned as he was; logins, tickets, picture and membership go."""
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

    async def test_his_authorship_stays(self, store: Store, seed: Seed) -> None:
        """With his name: in his row, in what he said, and in the versions he made."""
        await self.guests(store, seed, "gil")
        said = await store.add_message(message("one", sender_id="u-gil", sender_name="Gil"))
        made, _ = await store.add_version(version(author_id="u-gil", author_name="Gil"), MANY)

        await store.sweep(IDLE, NOW + DAY, MANY)

        left = (await store.users(["u-gil"]))["u-gil"]
        assert (left.username, left.is_guest, left.is_deleted) == ("gil", True, True)
        assert await store.messages("s1", None, MANY) == [said]
        assert await store.newest_version("s1") == made
        assert await store.user_by_name("gil") is None

    async def test_a_guest_who_was_removed(self, store: Store, seed: Seed) -> None:
        """His row in the session goes as well."""
        await self.guests(store, seed, "gil")
        await store.remove_member("s1", "u-gil")

        swept = await store.sweep(IDLE, NOW + DAY, MANY)

        assert swept == [guest("gil")]
        assert await store.member("s1", "u-gil") is None

    async def test_a_guest_without_session_or_login(self, store: Store, seed: Seed) -> None:
        """He is swept like any."""
        await self.guests(store, seed, "gil")
        await store.end_login("l-gil-1")
        await store.delete_session("s1")

        swept = await store.sweep(IDLE, NOW + DAY, MANY)

        assert swept == [guest("gil")]

    async def test_once(self, store: Store, seed: Seed) -> None:
        """Who was swept is not swept again, and neither is who was deleted."""
        await self.guests(store, seed, "gil", "gus")
        await store.delete_user("u-gus", NOW, deletes_sessions=True)
        await store.sweep(IDLE, NOW + DAY, MANY)

        assert await store.sweep(IDLE, NOW + DAY, MANY) == []

    async def test_accounts_are_never_idle(self, store: Store, seed: Seed) -> None:
        """However long they were not there, also those who were guests once."""
        await self.guests(store, seed, "gil")
        ada = await seed.user("ada")
        account = user("gil")
        await store.claim_guest(account, login("gil"))

        swept = await store.sweep(NOW + 1_000 * DAY, NOW + 1_000 * DAY, MANY)

        assert swept == []
        assert dict(await store.users(["u-ada", "u-gil"])) == {"u-ada": ada, "u-gil": account}
        assert await store.member("s1", "u-gil") == member("u-gil")

    @pytest.mark.parametrize("activity", ["touch", "refresh", "coming"])
    async def test_activity(self, store: Store, seed: Seed, activity: str) -> None:
        """Who was active since is left, with everything he has."""
        await self.guests(store, seed, "gil", "gus")
        expected = guest("gil")
        match activity:
            case "touch":
                await store.touch_logins(["l-gil-1"], NOW + 30 * DAY)
            case "refresh":
                await store.rotate_login("l-gil-1", "hash-0", "hash-1", NOW + HOUR // 2, NOW + HOUR, 0)
            case "coming":
                expected = await seed.guest("gwen", created_at=NOW + HOUR // 2)

        swept = await store.sweep(NOW + HOUR // 2, NOW + HOUR // 4, MANY)

        assert {one.id for one in swept} == {"u-gus", "u-gil"} - {expected.id}
        assert await store.user(expected.id) == expected
        assert await store.member("s1", expected.id) == member(expected.id, joined_at=expected.created_at)
        assert [one.user_id for one in await store.logins(expected.id, NOW)] == [expected.id]

    async def test_activity_that_is_long_ago(self, store: Store, seed: Seed) -> None:
        """Only what was since then counts, and a late note of it does not hide a newer one."""
        await self.guests(store, seed, "gil", "gus")
        await store.touch_logins(["l-gil-1", "l-gus-1"], NOW + 5 * DAY)
        await store.touch_logins(["l-gil-1"], NOW + 9 * DAY)
        await store.touch_logins(["l-gil-1"], NOW + 1 * DAY)

        swept = await store.sweep(NOW, NOW + 7 * DAY, MANY)

        assert swept == [guest("gus")]

    async def test_the_use_of_any_login_is_activity(self, store: Store, seed: Seed) -> None:
        """Also of one that ended since; but not of one that had ended before."""
        await self.guests(store, seed, "gil", "gus")
        for name in ("gil", "gus"):
            await store.add_login(login(name, 2))
        await store.touch_logins(["l-gil-2"], NOW + 9 * DAY)
        for name in ("gil", "gus"):
            await store.end_login(f"l-{name}-2")
        await store.touch_logins(["l-gus-2"], NOW + 9 * DAY)

        swept = await store.sweep(NOW, NOW + 7 * DAY, MANY)

        assert swept == [guest("gus")]

    async def test_the_limit(self, store: Store, seed: Seed) -> None:
        """Each call sweeps so many guests at most, until there are none."""
        names = [f"guest{number}" for number in range(5)]
        await self.guests(store, seed, *names)

        rounds = [await store.sweep(IDLE, NOW + DAY, limit) for limit in (0, 2, 2, 2, 2)]

        assert [len(one) for one in rounds] == [0, 2, 2, 1, 0]
        assert {one.id for swept in rounds for one in swept} == {f"u-{name}" for name in names}
        assert len(await store.members("s1")) == 1

    async def test_the_limit_is_of_guests(self, store: Store, seed: Seed) -> None:
        """Logins and tickets go however many they are, and those of guests who must wait as well."""
        await self.guests(store, seed, "gil")
        ada = await seed.user("ada", created_at=NOW)
        await store.add_ticket(ticket())

        await store.sweep(NOW + 2 * HOUR, NOW + HOUR, 0)

        assert await store.user("u-gil") == guest("gil")
        assert [await store.signed_in(f"l-{name}-1", NOW) for name in ("ada", "gil")] == [None, None]
        assert await store.take_ticket("ticket-ada-1", NOW) is None
        assert await store.user("u-ada") == ada

    async def test_a_guest_who_owns_a_session(self, store: Store, seed: Seed) -> None:
        """Whether he is refused as an owner or his session ends with him: none is left without its owner."""
        await self.guests(store, seed, "gil")
        await seed.user("ada")
        with contextlib.suppress(StoreError):
            await store.transfer_session("s1", "u-ada", "u-gil")

        await store.sweep(IDLE, NOW + DAY, MANY)

        found = await store.session("s1")
        owners = [one.user_id for one in await store.members("s1") if one.role is Role.OWNER]
        assert owners == ([found.owner_id] if found else [])

    async def test_what_he_leaves_is_room(self, store: Store, seed: Seed) -> None:
        """His place in the session and his name are free; the uses of the invite are not."""
        await self.guests(store, seed, "gil")

        await store.sweep(IDLE, NOW + DAY, MANY)

        assert await store.join(member("u-bob"), 2) == member()
        await seed.user("gil2", username="Gil")

    async def test_he_does_not_come_back(self, store: Store, seed: Seed) -> None:
        """What was under way finds no such user, guest or login."""
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
        """Guests of s1, active at `NOW`."""
        await seed.session()
        await seed.invite()
        for name in names:
            await seed.guest(name)


async def _store_everything(store: Store) -> list[Any]:
    """What a store tells about those in it."""
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


REPEATABLE: dict[str, Callable[[Store], Awaitable[Any]]] = {
    "set_password": lambda store: store.set_password("u-ada", "new", "l-ada-2"),
    "set_avatar": lambda store: store.set_avatar("u-ada", "url", "key", avatar()),
    "drop avatar": lambda store: store.set_avatar("u-bob", None, None, None),
    "delete_user": lambda store: store.delete_user("u-ada", NOW, deletes_sessions=True),
    "delete_user with successor": lambda store: store.delete_user("u-ada", NOW, deletes_sessions=False),
    "sweep": lambda store: store.sweep(NOW + 2 * HOUR, NOW + HOUR, MANY),
    "end_other_logins": lambda store: store.end_other_logins("u-ada", "l-ada-1"),
    "touch_logins": lambda store: store.touch_logins(["l-ada-1", "l-gil-1"], NOW + 7),
}


class TestRepeating:
    @pytest.mark.parametrize("name", REPEATABLE)
    async def test_a_write_can_be_repeated(self, store: Store, seed: Seed, name: str) -> None:
        """The second time changes nothing; at most it is refused for good."""
        write = REPEATABLE[name]
        for one in ("ada", "bob"):
            await seed.user(one)
        await store.set_avatar("u-bob", "url", "key", avatar("bob"))
        await store.add_login(login("ada", 2))
        for session_id in ("s1", "s2"):
            await seed.session(session_id)
        await store.join(member("u-bob"), MANY)
        await seed.invite()
        await seed.guest("gil")
        await store.add_message(message())
        await write(store)
        once = await _store_everything(store)

        with contextlib.suppress(NotFound):
            await write(store)

        assert await _store_everything(store) == once
