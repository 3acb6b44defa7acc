"""Tests of `AccountStore` on every store: the removal of accounts."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from storage.base import Store
from storage.errors import NotFound
from storage.people import AccountDeletion
from storage.records import Role
from tests.storage.rows import (
    HOUR,
    MANY,
    NOW,
    Seed,
    avatar,
    chunk,
    invite,
    login,
    member,
    message,
    odd_text,
    session,
    ticket,
    user,
    version,
)


class TestDeleting:
    async def test_account_removal_deletes_logins_tickets_and_picture(
        self, store: Store, seed: Seed
    ) -> None:
        """A removal deletes the user's logins, tickets and picture."""
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

    async def test_account_removal_leaves_row_with_times_but_no_personal_data(
        self, store: Store, seed: Seed
    ) -> None:
        """The row keeps the user's times, and no data by which the user could be known."""
        await seed.user("ada", full_name="Ada Lovelace")
        await store.set_avatar("u-ada", "url", "key", None)

        await store.delete_user("u-ada", NOW, deletes_sessions=True)

        left = (await store.users(["u-ada"]))["u-ada"]
        nameless = {"username": "", "full_name": "", "email": None, "password_hash": None}
        assert left == user("ada", **nameless, is_deleted=True)
        assert left.is_deleted is True

    async def test_account_removal_clears_name_in_messages_and_versions(
        self, store: Store, seed: Seed
    ) -> None:
        """The user's name is cleared in messages and versions. Names of other users stay."""
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
    async def test_removed_account_is_not_found_by_name(
        self, store: Store, seed: Seed, name: str
    ) -> None:
        """The account is found neither by its former names nor by the fields of its row."""
        await seed.user("ada")

        await store.delete_user("u-ada", NOW, deletes_sessions=True)

        assert await store.user_by_name(name) is None

    async def test_account_removal_frees_name_and_email(self, store: Store, seed: Seed) -> None:
        """The name and the e-mail address are free again, after any number of removals."""
        for number in range(3):
            made = await seed.user(f"ada{number}", username="Ada", email="ada@example.org")
            assert await store.user_by_name("ada") == made
            await store.delete_user(made.id, NOW, deletes_sessions=True)

        users = await store.users(f"u-ada{number}" for number in range(3))

        assert [user.is_deleted for user in users.values()] == [True] * 3

    @pytest.mark.parametrize("deletes_sessions", [True, False])
    async def test_account_removal_ends_memberships_in_sessions_of_others(
        self, store: Store, seed: Seed, *, deletes_sessions: bool
    ) -> None:
        """The user leaves the sessions of other users, and these sessions stay."""
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

    async def test_account_removal_deletes_row_of_earlier_removal_from_session(
        self, store: Store, seed: Seed
    ) -> None:
        """If the user was removed from a session before, that row is deleted, but not returned."""
        await seed.user("ada")
        await seed.session("s1", owner_id="u-bob")
        await store.join(member("u-ada"), MANY)
        await store.remove_member("s1", "u-ada")

        deletion = await store.delete_user("u-ada", NOW, deletes_sessions=True)

        assert await store.member("s1", "u-ada") is None
        assert deletion == AccountDeletion(logins=("l-ada-1",))

    async def test_account_removal_with_deletion_of_sessions_deletes_owned_sessions(
        self, store: Store, seed: Seed
    ) -> None:
        """Owned sessions are deleted with all their contents, although there is an editor."""
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
        assert [listing.session.id for listing in await store.sessions_of("u-bob", None, MANY)] == [
            "s2"
        ]

    async def test_account_removal_hands_session_to_longest_standing_editor(
        self, store: Store, seed: Seed
    ) -> None:
        """The editor who joined first inherits the session.

        Names and ages of accounts do not matter, and the other editors keep their
        roles.
        """
        await self.family(store, seed, zoe=3, bob=5, carl=4)

        deletion = await store.delete_user("u-ada", NOW, deletes_sessions=False)

        assert deletion.inherited == {"s1": "u-zoe"}
        assert deletion.deleted == ()
        session = await store.session("s1")
        assert session is not None
        assert session.owner_id == "u-zoe"
        assert await store.members("s1") == [
            member("u-zoe", role=Role.OWNER, joined_at=NOW + 3),
            member("u-carl", joined_at=NOW + 4),
            member("u-bob", joined_at=NOW + 5),
        ]

    async def test_account_removal_never_hands_session_to_viewer_guest_or_past_member(
        self, store: Store, seed: Seed
    ) -> None:
        """A viewer, a guest, or a member who was removed or left, never inherits a session."""
        await self.family(store, seed, viewer=1, removed=2, left=3, successor=9)
        await store.set_role("s1", "u-viewer", Role.VIEWER)
        await store.remove_member("s1", "u-removed")
        await store.leave("s1", "u-left")
        await seed.invite()
        await seed.guest("gil", created_at=NOW + 1)

        deletion = await store.delete_user("u-ada", NOW, deletes_sessions=False)

        assert deletion.inherited == {"s1": "u-successor"}

    async def test_account_removal_without_successor_deletes_session(
        self, store: Store, seed: Seed
    ) -> None:
        """A session that has viewers and guests only is deleted."""
        await self.family(store, seed, viewer=1)
        await store.set_role("s1", "u-viewer", Role.VIEWER)
        await seed.invite()
        await seed.guest("gil")

        deletion = await store.delete_user("u-ada", NOW, deletes_sessions=False)

        assert deletion == AccountDeletion(logins=("l-ada-1",), deleted=("s1",))
        assert await store.session("s1") is None
        assert await store.sessions_of("u-gil", None, MANY) == []

    async def test_account_removal_can_hand_session_to_claimed_guest(
        self, store: Store, seed: Seed
    ) -> None:
        """A guest who has claimed an account is no guest any more, and may inherit."""
        await self.family(store, seed)
        await seed.invite()
        gil = await seed.guest("gil")
        await store.claim_guest(
            replace(gil, email="gil@example.org", password_hash="x", is_guest=False, guest_of=None),
            login("gil"),
        )

        deletion = await store.delete_user("u-ada", NOW, deletes_sessions=False)

        assert deletion.inherited == {"s1": "u-gil"}

    async def test_account_removal_keeps_contents_of_inherited_session(
        self, store: Store, seed: Seed
    ) -> None:
        """An inherited session keeps its chat, log, versions and invites."""
        await self.family(store, seed, bob=1)
        await seed.invite()
        await store.add_message(message("one", sender_id="u-bob"))
        await store.append_chunks([chunk(1, 4)])
        await store.add_version(version(author_id="u-bob"), MANY)

        await store.delete_user("u-ada", NOW, deletes_sessions=False)

        assert await store.messages("s1", None, MANY) == [
            message("one", sequence=1, sender_id="u-bob")
        ]
        assert await store.chunks("s1", 0, MANY) == [chunk(1, 4)]
        assert await store.newest_version("s1") == version(number=1, author_id="u-bob")
        assert [stored for stored, _ in await store.invites("s1", None, MANY, MANY)] == [invite()]

    async def test_account_removal_names_each_session_left_once(
        self, store: Store, seed: Seed
    ) -> None:
        """The returned memberships leave out the sessions that the user owned."""
        for name in ("ada", "bob"):
            await seed.user(name)
        for session_id, owner_id in (("own1", "u-ada"), ("own2", "u-ada"), ("other", "u-bob")):
            await seed.session(session_id, owner_id=owner_id)
        await store.join(member("u-bob", "own1"), MANY)
        await store.join(member("u-ada", "other"), MANY)

        deletion = await store.delete_user("u-ada", NOW, deletes_sessions=False)

        assert deletion == AccountDeletion(("l-ada-1",), ("other",), {"own1": "u-bob"}, ("own2",))
        assert await store.member("own1", "u-ada") is None

    async def test_account_removal_keeps_session_handed_over_before(
        self, store: Store, seed: Seed
    ) -> None:
        """A session that was handed over before belongs to another user, and stays."""
        await self.family(store, seed, bob=1)
        await store.transfer_session("s1", "u-ada", "u-bob")

        deletion = await store.delete_user("u-ada", NOW, deletes_sessions=True)

        assert deletion == AccountDeletion(("l-ada-1",), ("s1",))
        assert await store.members("s1") == [member("u-bob", role=Role.OWNER, joined_at=NOW + 1)]

    async def test_account_removal_repeated_changes_nothing(self, store: Store, seed: Seed) -> None:
        """A repeated removal changes nothing, even if a new user has the same names."""
        await self.family(store, seed, bob=1)
        await store.delete_user("u-ada", NOW, deletes_sessions=False)
        new = await seed.user("new", username="ada", email="ada@example.org")
        before = [await store.members("s1"), dict(await store.users(["u-ada", "u-new", "u-bob"]))]

        deletions = [
            await store.delete_user(user_id, NOW, deletes_sessions=True)
            for user_id in ("u-ada", "u-nobody", "")
        ]

        assert deletions == [AccountDeletion()] * 3
        assert [
            await store.members("s1"),
            dict(await store.users(["u-ada", "u-new", "u-bob"])),
        ] == before
        assert await store.signed_in("l-new-1", NOW) == new

    async def test_account_removal_by_fifty_concurrent_calls_succeeds_once(
        self, store: Store, seed: Seed
    ) -> None:
        """One call returns the deleted data, and the other calls return nothing."""
        await self.family(store, seed, bob=1)

        results = await asyncio.gather(
            *(store.delete_user("u-ada", NOW, deletes_sessions=False) for _ in range(50))
        )

        told = [result for result in results if result != AccountDeletion()]
        assert [deletion.inherited for deletion in told] == [{"s1": "u-bob"}]

    @pytest.mark.parametrize(
        "call",
        [
            pytest.param(lambda store: store.rename_user("u-ada", "Back"), id="rename_user"),
            pytest.param(
                lambda store: store.set_password("u-ada", "new", "l-ada-1"), id="set_password"
            ),
            pytest.param(
                lambda store: store.set_avatar("u-ada", "url", "key", avatar()), id="set_avatar"
            ),
            pytest.param(lambda store: store.add_login(login("ada", 2)), id="add_login"),
            pytest.param(lambda store: store.add_ticket(ticket()), id="add_ticket"),
            pytest.param(
                lambda store: store.rotate_login("l-ada-1", "hash-0", "hash-1", NOW, NOW + HOUR, 0),
                id="rotate_login",
            ),
        ],
    )
    async def test_write_during_account_removal_stores_nothing(
        self, store: Store, seed: Seed, call: Callable[[Store], Awaitable[Any]]
    ) -> None:
        """A request under way during the removal finds no user or login, and stores nothing."""
        await seed.user("ada")
        await store.delete_user("u-ada", NOW, deletes_sessions=True)
        before = dict(await store.users(["u-ada"]))

        with pytest.raises(NotFound):
            await call(store)

        assert dict(await store.users(["u-ada"])) == before
        assert await store.logins("u-ada", NOW) == []
        assert await store.avatar("u-ada") is None
        assert await store.take_ticket("ticket-ada-1", NOW) is None

    async def test_account_removal_of_guest_keeps_messages(self, store: Store, seed: Seed) -> None:
        """A guest's account ends like every account, and the guest's messages stay."""
        await seed.session()
        await seed.invite()
        await seed.guest("gil")
        await store.add_message(message("one", sender_id="u-gil"))

        deletion = await store.delete_user("u-gil", NOW, deletes_sessions=True)

        assert deletion == AccountDeletion(("l-gil-1",), ("s1",))
        assert await store.members("s1") == [member("u-ada", role=Role.OWNER)]
        assert [message.text for message in await store.messages("s1", None, MANY)] == ["one"]
        assert (await store.users(["u-gil"]))["u-gil"].is_deleted is True

    @odd_text
    async def test_account_removal_with_unusual_name_clears_and_frees_name(
        self, store: Store, seed: Seed, text: str
    ) -> None:
        """A name of any characters is forgotten and free again."""
        await seed.user("ada", username=f"x{text}", email=f"x@{text}", full_name=text)

        await store.delete_user("u-ada", NOW, deletes_sessions=True)

        assert await store.user_by_name(f"x{text}") is None
        await seed.user("bob", username=f"X{text}", email=f"X@{text}")

    async def family(self, store: Store, seed: Seed, **editors: int) -> None:
        """Make a session of u-ada with editors who joined the given milliseconds after it."""
        await seed.user("ada")
        await seed.session()
        for name, joined in editors.items():
            await seed.user(name)
            await store.join(member(f"u-{name}", joined_at=NOW + joined), MANY)
