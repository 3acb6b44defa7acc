"""Tests of `SessionStore` on every store: the owner of a session, in transfers and races."""

import asyncio
import contextlib
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from storage.base import Store
from storage.errors import NotFound, OwnerStays, StoreError
from storage.people import AccountDeletion
from storage.records import Member, Role
from tests.narrowing import required
from tests.storage.rows import MANY, NAMES, NOW, Seed, family, member, message, session


async def assert_owned(store: Store, session_id: str) -> None:
    """Check that the session is deleted, or that its only owner is a member with an account."""
    session = await store.session(session_id)
    members = await store.members(session_id)
    if session is None:
        assert members == []
        return
    owners = [member.user_id for member in members if member.role is Role.OWNER]
    assert owners == [session.owner_id]
    assert [user.is_deleted for user in (await store.users(owners)).values()] == [False]


class TestTransfer:
    async def test_transfer_makes_successor_owner_and_previous_owner_editor(
        self, store: Store, seed: Seed
    ) -> None:
        """The new owner is returned. The former owner is an editor with the old time of joining."""
        await family(store, seed)

        successor = await store.transfer_session("s1", "u-ada", "u-carl")

        assert successor == member("u-carl", role=Role.OWNER, joined_at=NOW + 2)
        assert successor.role is Role.OWNER
        assert await store.members("s1") == [
            member("u-ada"),
            member("u-bob", joined_at=NOW + 1),
            successor,
        ]
        stored_session = await store.session("s1")
        assert stored_session is not None
        assert replace(stored_session, updated_at=NOW) == session("s1", owner_id="u-carl")

    async def test_transfer_leaves_other_sessions_with_owner(
        self, store: Store, seed: Seed
    ) -> None:
        """The owner's other sessions stay with the owner."""
        await family(store, seed, "s1")
        await family(store, seed, "s2")

        await store.transfer_session("s1", "u-ada", "u-bob")

        assert await store.session("s2") == session("s2")
        await assert_owned(store, "s2")

    @pytest.mark.parametrize("role", [Role.EDITOR, Role.VIEWER])
    async def test_transfer_to_member_of_any_role_succeeds(
        self, store: Store, seed: Seed, role: Role
    ) -> None:
        """A viewer may become the owner, too."""
        await family(store, seed)
        await store.set_role("s1", "u-bob", role)

        successor = await store.transfer_session("s1", "u-ada", "u-bob")

        assert successor == member("u-bob", role=Role.OWNER, joined_at=NOW + 1)
        await assert_owned(store, "s1")

    async def test_transfer_keeps_read_positions(self, store: Store, seed: Seed) -> None:
        """The former owner and the new owner keep their read positions."""
        await family(store, seed)
        for text in ("one", "two", "three"):
            await store.add_message(message(text, sender_id="u-carl"))
        await store.read_messages("s1", "u-ada", 1)
        await store.read_messages("s1", "u-bob", 2)

        successor = await store.transfer_session("s1", "u-ada", "u-bob")

        assert successor.read_sequence == 2
        assert [member.read_sequence for member in await store.members("s1")] == [1, 2, 3]

    async def test_transfer_protects_new_owner_and_lets_old_owner_leave(
        self, store: Store, seed: Seed
    ) -> None:
        """The new owner cannot leave, and the former owner can."""
        await family(store, seed)
        await store.transfer_session("s1", "u-ada", "u-bob")

        with pytest.raises(OwnerStays):
            await store.leave("s1", "u-bob")
        with pytest.raises(OwnerStays):
            await store.remove_member("s1", "u-bob")
        with pytest.raises(OwnerStays):
            await store.set_role("s1", "u-bob", Role.EDITOR)
        await store.leave("s1", "u-ada")

        assert [member.user_id for member in await store.members("s1")] == ["u-bob", "u-carl"]
        await assert_owned(store, "s1")

    async def test_transfer_there_and_back_restores_session(self, store: Store, seed: Seed) -> None:
        """After a transfer there and back, the members are as before."""
        await family(store, seed)
        before = await store.members("s1")
        await store.transfer_session("s1", "u-ada", "u-bob")

        await store.transfer_session("s1", "u-bob", "u-ada")

        assert await store.members("s1") == before
        await assert_owned(store, "s1")

    @pytest.mark.parametrize("successor_id", ["u-dora", "u-bob", "u-carl", "u-nobody"])
    async def test_transfer_to_non_member_is_refused_and_changes_nothing(
        self, store: Store, seed: Seed, successor_id: str
    ) -> None:
        """A stranger, or a member who was removed or left, is refused, and nothing changes."""
        await family(store, seed)
        await seed.user("dora")
        await store.remove_member("s1", "u-bob")
        await store.leave("s1", "u-carl")

        with pytest.raises(NotFound):
            await store.transfer_session("s1", "u-ada", successor_id)

        assert await store.members("s1") == [member("u-ada", role=Role.OWNER)]
        assert await store.session("s1") == session("s1")

    async def test_transfer_to_user_of_removed_account_is_refused(
        self, store: Store, seed: Seed
    ) -> None:
        """A user without an account is not a member any more, and cannot become the owner."""
        await family(store, seed)
        await store.delete_user("u-bob", NOW, deletes_sessions=False)

        with pytest.raises(NotFound):
            await store.transfer_session("s1", "u-ada", "u-bob")

        await assert_owned(store, "s1")

    async def test_transfer_of_unknown_session_is_refused(self, store: Store) -> None:
        """An unknown session cannot be transferred, because it has no members."""
        with pytest.raises(NotFound):
            await store.transfer_session("s-none", "u-ada", "u-bob")

    @pytest.mark.parametrize("owner_id", ["u-carl", "u-bob", "u-nobody"])
    async def test_transfer_by_non_owner_is_refused(
        self, store: Store, seed: Seed, owner_id: str
    ) -> None:
        """A user who does not own the session cannot give it to any user."""
        await family(store, seed)
        before = await store.members("s1")

        with pytest.raises(OwnerStays):
            await store.transfer_session("s1", owner_id, "u-bob")

        assert await store.members("s1") == before
        assert await store.session("s1") == session("s1")

    async def test_transfer_by_previous_owner_is_refused(self, store: Store, seed: Seed) -> None:
        """A former owner cannot give the session away again."""
        await family(store, seed)
        await store.transfer_session("s1", "u-ada", "u-bob")
        before = await store.members("s1")

        with pytest.raises(OwnerStays):
            await store.transfer_session("s1", "u-ada", "u-carl")

        assert await store.members("s1") == before
        await assert_owned(store, "s1")

    async def test_transfer_to_owner_leaves_session_with_owner(
        self, store: Store, seed: Seed
    ) -> None:
        """After a transfer to the owner, the session still has its owner.

        The transfer may be refused.
        """
        await family(store, seed)

        with contextlib.suppress(StoreError):
            await store.transfer_session("s1", "u-ada", "u-ada")

        await assert_owned(store, "s1")
        assert required(await store.session("s1")).owner_id == "u-ada"

    async def test_set_role_to_owner_never_makes_second_owner(
        self, store: Store, seed: Seed
    ) -> None:
        """A former owner who asks for the owner role never becomes a second owner."""
        await family(store, seed)
        await store.transfer_session("s1", "u-ada", "u-bob")

        with contextlib.suppress(StoreError):
            await store.set_role("s1", "u-ada", Role.OWNER)

        await assert_owned(store, "s1")
        assert required(await store.session("s1")).owner_id in ("u-ada", "u-bob")

    async def test_transfer_repeated_changes_nothing(self, store: Store, seed: Seed) -> None:
        """The same transfer again changes nothing, and may be refused."""
        await family(store, seed)
        await store.transfer_session("s1", "u-ada", "u-bob")
        once = await store.members("s1")

        with contextlib.suppress(OwnerStays):
            await store.transfer_session("s1", "u-ada", "u-bob")

        assert await store.members("s1") == once


class TestTransferRaces:
    async def test_transfer_concurrent_to_many_successors_succeeds_once(
        self, store: Store, seed: Seed
    ) -> None:
        """One successor gets the session. The other calls learn that u-ada is not the owner."""
        await seed.user("ada")
        await seed.session()
        successors = [f"u-successor{number}" for number in range(20)]
        for number in range(20):
            await seed.user(f"successor{number}")
            await store.join(member(successors[number]), MANY)

        results = await asyncio.gather(
            *(store.transfer_session("s1", "u-ada", successor) for successor in successors),
            return_exceptions=True,
        )

        assert sum(isinstance(result, Member) for result in results) == 1
        assert sum(isinstance(result, OwnerStays) for result in results) == 19
        await assert_owned(store, "s1")

    @pytest.mark.parametrize("deletes_sessions", [True, False], ids=["deleting", "leaving"])
    @pytest.mark.parametrize(
        "order",
        list(itertools.permutations(("ada to bob", "bob to carl", "ada goes", "bob goes"))),
        ids=", ".join,
    )
    async def test_transfer_concurrent_with_account_removal_leaves_one_owner(
        self, store: Store, seed: Seed, order: tuple[str, ...], *, deletes_sessions: bool
    ) -> None:
        """A session that survives has one owner, whose account still exists."""
        session_ids = [f"s{number}" for number in range(5)]
        for session_id in session_ids:
            await family(store, seed, session_id)

        results = await self.race(store, order, session_ids, deletes_sessions=deletes_sessions)

        assert [
            result
            for result in results
            if not isinstance(result, Member | AccountDeletion | NotFound | OwnerStays)
        ] == []
        for session_id in session_ids:
            await assert_owned(store, session_id)
        left = [
            await store.member(session_id, f"u-{name}")
            for session_id in session_ids
            for name in ("ada", "bob")
        ]
        assert left == [None] * 10
        gone = {
            session_id
            for result in results
            if isinstance(result, AccountDeletion)
            for session_id in result.deleted
        }
        assert gone == {
            session_id for session_id in session_ids if await store.session(session_id) is None
        }

    @pytest.mark.parametrize(
        "order",
        list(itertools.permutations(("ada to bob", "bob to carl", "ada goes", "delete"))),
        ids=", ".join,
    )
    async def test_transfer_concurrent_with_session_deletion_leaves_no_members(
        self, store: Store, seed: Seed, order: tuple[str, ...]
    ) -> None:
        """The session is deleted after the race, and no membership is left."""
        await family(store, seed)

        results = await self.race(store, order, ["s1"], deletes_sessions=False)

        allowed = Member | AccountDeletion | NotFound | OwnerStays | None
        assert [result for result in results if not isinstance(result, allowed)] == []
        assert await store.session("s1") is None
        assert await store.members("s1") == []
        assert [await store.member("s1", f"u-{name}") for name in NAMES] == [None] * 3
        assert [await store.sessions_of(f"u-{name}", None, MANY) for name in NAMES] == [[]] * 3

    @pytest.mark.parametrize(
        "order",
        list(itertools.permutations(("ada to bob", "bob to carl", "bob leaves", "bob is removed"))),
        ids=", ".join,
    )
    async def test_transfer_concurrent_with_end_of_membership_leaves_owner_a_member(
        self, store: Store, seed: Seed, order: tuple[str, ...]
    ) -> None:
        """The owner after the race is a member."""
        await family(store, seed)

        results = await self.race(store, order, ["s1"], deletes_sessions=False)

        assert [
            result
            for result in results
            if not isinstance(result, Member | NotFound | OwnerStays | None)
        ] == []
        await assert_owned(store, "s1")

    @pytest.mark.parametrize(
        "order",
        list(itertools.permutations(("ada to bob", "bob to carl", "bob views", "ada views"))),
        ids=", ".join,
    )
    async def test_transfer_concurrent_with_role_change_keeps_one_owner(
        self, store: Store, seed: Seed, order: tuple[str, ...]
    ) -> None:
        """A change of role does not take the session from its owner."""
        await family(store, seed)

        results = await self.race(store, order, ["s1"], deletes_sessions=False)

        assert [result for result in results if not isinstance(result, Member | OwnerStays)] == []
        await assert_owned(store, "s1")

    async def race(
        self,
        store: Store,
        order: tuple[str, ...],
        session_ids: list[str],
        *,
        deletes_sessions: bool,
    ) -> list[Any]:
        """Run all calls together, started in this order."""
        on_sessions: dict[str, Callable[[str], Awaitable[Any]]] = {
            "ada to bob": lambda session_id: store.transfer_session(session_id, "u-ada", "u-bob"),
            "bob to carl": lambda session_id: store.transfer_session(session_id, "u-bob", "u-carl"),
            "delete": store.delete_session,
            "bob leaves": lambda session_id: store.leave(session_id, "u-bob"),
            "bob is removed": lambda session_id: store.remove_member(session_id, "u-bob"),
            "bob views": lambda session_id: store.set_role(session_id, "u-bob", Role.VIEWER),
            "ada views": lambda session_id: store.set_role(session_id, "u-ada", Role.VIEWER),
        }
        calls: list[Awaitable[Any]] = []
        for name in order:
            if name.endswith("goes"):
                user_id = f"u-{name.split()[0]}"
                calls.append(store.delete_user(user_id, NOW, deletes_sessions=deletes_sessions))
            else:
                calls += [on_sessions[name](session_id) for session_id in session_ids]
        return await asyncio.gather(*calls, return_exceptions=True)
