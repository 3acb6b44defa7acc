"""Tests of `SessionStore` on every store: members and their roles."""

import asyncio

import pytest

from storage.base import Store
from storage.errors import LimitReached, NotFound, OwnerStays
from storage.records import (
    Member,
    Role,
)
from tests.storage.rows import (
    MANY,
    NOW,
    Seed,
    family,
    member,
)


class TestMembers:
    async def test_join_adds_member_with_given_role(self, store: Store, seed: Seed) -> None:
        """A user who joins is a member with the role that was given."""
        await seed.session()

        joined = await store.join(member("u-bob", role=Role.VIEWER, joined_at=NOW + 1), MANY)

        assert joined == member("u-bob", role=Role.VIEWER, joined_at=NOW + 1)
        assert await store.member("s1", "u-bob") == joined

    async def test_join_repeated_returns_existing_membership(
        self, store: Store, seed: Seed
    ) -> None:
        """The existing membership is returned, with its role and time."""
        await seed.session()
        first = await store.join(member("u-bob", role=Role.VIEWER), MANY)

        again = await store.join(member("u-bob", role=Role.OWNER, joined_at=NOW + 9), MANY)

        assert again == first
        assert await store.member("s1", "u-bob") == first

    async def test_join_by_fifty_concurrent_calls_adds_one_member(
        self, store: Store, seed: Seed
    ) -> None:
        """Fifty calls for one user add one member."""
        await seed.session()

        results = await asyncio.gather(
            *(store.join(member("u-bob", joined_at=NOW + number), MANY) for number in range(50))
        )

        assert set(results) == {results[0]}
        assert len(await store.members("s1")) == 2

    async def test_join_of_unknown_session_is_not_found(self, store: Store) -> None:
        """A user cannot join a session that does not exist."""
        with pytest.raises(NotFound):
            await store.join(member(), MANY)

        assert await store.member("s1", "u-bob") is None

    async def test_join_of_full_session_is_refused(self, store: Store, seed: Seed) -> None:
        """The last place is given, and no more. An existing member can still join again."""
        await seed.session()
        bob = await store.join(member("u-bob"), 2)

        with pytest.raises(LimitReached):
            await store.join(member("u-carl"), 2)

        assert await store.member("s1", "u-carl") is None
        assert await store.join(member("u-bob"), 2) == bob

    async def test_join_limit_holds_for_concurrent_joins(self, store: Store, seed: Seed) -> None:
        """Concurrent joins add only as many members as there is room for."""
        await seed.session()

        results = await asyncio.gather(
            *(store.join(member(f"u-{number}"), 10) for number in range(30)), return_exceptions=True
        )

        assert sum(isinstance(result, Member) for result in results) == 9
        assert sum(isinstance(result, LimitReached) for result in results) == 21
        assert len(await store.members("s1")) == 10

    async def test_join_after_member_left_full_session_succeeds(
        self, store: Store, seed: Seed
    ) -> None:
        """The place of a member who left is free for another user."""
        await seed.session()
        await store.join(member("u-bob"), 2)
        await store.leave("s1", "u-bob")

        joined = await store.join(member("u-carl"), 2)

        assert joined == member("u-carl")

    async def test_join_after_member_was_removed_from_full_session_succeeds(
        self, store: Store, seed: Seed
    ) -> None:
        """A removed user does not count for the limit."""
        await seed.session()
        await store.join(member("u-bob"), 2)
        await store.remove_member("s1", "u-bob")

        joined = await store.join(member("u-carl"), 2)

        assert joined == member("u-carl")

    async def test_join_limits_of_sessions_are_separate(self, store: Store, seed: Seed) -> None:
        """A full session does not limit another session."""
        await seed.session("s1")
        await seed.session("s2")
        await store.join(member("u-bob", "s1"), 2)

        assert await store.join(member("u-carl", "s2"), 2) == member("u-carl", "s2")

    async def test_members_are_sorted_by_time_of_joining(self, store: Store, seed: Seed) -> None:
        """The member who joined first comes first, and equal times keep one order."""
        await seed.session()
        for name, joined_at in (
            ("late", NOW + 9),
            ("b", NOW + 5),
            ("a", NOW + 5),
            ("early", NOW + 1),
        ):
            await store.join(member(f"u-{name}", joined_at=joined_at), MANY)

        members = await store.members("s1")

        assert [row.joined_at - NOW for row in members] == [0, 1, 5, 5, 9]
        assert [row.user_id for row in members][::2] == ["u-ada", members[2].user_id, "u-late"]
        assert members == await store.members("s1")

    async def test_removed_member_is_not_listed_but_keeps_row(
        self, store: Store, seed: Seed
    ) -> None:
        """A removed user is not listed, but the user's row shows the removal."""
        await seed.session()
        await store.join(member("u-bob"), MANY)

        await store.remove_member("s1", "u-bob")

        assert [member.user_id for member in await store.members("s1")] == ["u-ada"]
        stored_member = await store.member("s1", "u-bob")
        assert stored_member == member("u-bob", is_removed=True)
        assert stored_member is not None
        assert stored_member.is_removed is True

    async def test_removed_member_cannot_join_again(self, store: Store, seed: Seed) -> None:
        """A join returns the removed membership, even if the session is full."""
        await seed.session()
        await store.join(member("u-bob"), MANY)
        await store.remove_member("s1", "u-bob")

        assert await store.join(member("u-bob"), MANY) == member("u-bob", is_removed=True)
        assert await store.join(member("u-bob"), 1) == member("u-bob", is_removed=True)
        assert [member.user_id for member in await store.members("s1")] == ["u-ada"]

    async def test_removed_member_cannot_leave(self, store: Store, seed: Seed) -> None:
        """A removed user has no membership to leave."""
        await seed.session()
        await store.join(member("u-bob"), MANY)
        await store.remove_member("s1", "u-bob")

        with pytest.raises(NotFound):
            await store.leave("s1", "u-bob")

        assert await store.member("s1", "u-bob") == member("u-bob", is_removed=True)

    async def test_remove_of_removed_member_is_not_found(self, store: Store, seed: Seed) -> None:
        """A removed user cannot be removed again."""
        await seed.session()
        await store.join(member("u-bob"), MANY)
        await store.remove_member("s1", "u-bob")

        with pytest.raises(NotFound):
            await store.remove_member("s1", "u-bob")

        assert await store.member("s1", "u-bob") == member("u-bob", is_removed=True)

    async def test_set_role_changes_role_of_one_member_only(self, store: Store, seed: Seed) -> None:
        """Setting a role changes only the role, and only of this member."""
        await seed.session()
        await store.join(member("u-bob"), MANY)
        await store.join(member("u-carl"), MANY)

        changed = await store.set_role("s1", "u-bob", Role.VIEWER)

        assert changed == member("u-bob", role=Role.VIEWER)
        assert await store.member("s1", "u-bob") == changed
        assert await store.member("s1", "u-carl") == member("u-carl")

    async def test_set_role_of_removed_member_restores_membership(
        self, store: Store, seed: Seed
    ) -> None:
        """A removed user is a member again, with the old time of joining."""
        await seed.session()
        await store.join(member("u-bob", joined_at=NOW + 1), MANY)
        await store.remove_member("s1", "u-bob")

        changed = await store.set_role("s1", "u-bob", Role.VIEWER)

        assert changed == member("u-bob", role=Role.VIEWER, joined_at=NOW + 1)
        assert changed in await store.members("s1")
        assert [row.session.id for row in await store.sessions_of("u-bob", None, MANY)] == ["s1"]

    async def test_join_by_former_member_gives_new_role(self, store: Store, seed: Seed) -> None:
        """A user who left is forgotten, and may join again in another role."""
        await seed.session()
        await store.join(member("u-bob"), MANY)

        await store.leave("s1", "u-bob")

        assert await store.member("s1", "u-bob") is None
        assert await store.join(member("u-bob", role=Role.VIEWER), MANY) == member(
            "u-bob", role=Role.VIEWER
        )

    @pytest.mark.parametrize("session_id", ["s1", "s-none"])
    async def test_role_change_removal_and_leave_of_non_member_are_not_found(
        self, store: Store, seed: Seed, session_id: str
    ) -> None:
        """A user who is not a member has no role, cannot be removed and cannot leave."""
        await seed.session()

        with pytest.raises(NotFound):
            await store.set_role(session_id, "u-bob", Role.VIEWER)
        with pytest.raises(NotFound):
            await store.remove_member(session_id, "u-bob")
        with pytest.raises(NotFound):
            await store.leave(session_id, "u-bob")

        assert await store.member(session_id, "u-bob") is None

    @pytest.mark.parametrize("role", Role)
    async def test_set_role_of_owner_is_refused(self, store: Store, seed: Seed, role: Role) -> None:
        """The owner's role cannot be set, not even to owner."""
        await seed.session()
        await store.join(member("u-bob"), MANY)

        with pytest.raises(OwnerStays):
            await store.set_role("s1", "u-ada", role)

        assert await store.members("s1") == [member("u-ada", role=Role.OWNER), member("u-bob")]

    async def test_remove_of_owner_is_refused(self, store: Store, seed: Seed) -> None:
        """The owner stays a member, even if the session has no other member."""
        await seed.session()

        with pytest.raises(OwnerStays):
            await store.remove_member("s1", "u-ada")

        assert await store.members("s1") == [member("u-ada", role=Role.OWNER)]

    async def test_leave_of_owner_is_refused(self, store: Store, seed: Seed) -> None:
        """The owner stays a member, even if an editor could be the next owner."""
        await seed.session()
        await store.join(member("u-bob"), MANY)

        with pytest.raises(OwnerStays):
            await store.leave("s1", "u-ada")

        assert await store.members("s1") == [member("u-ada", role=Role.OWNER), member("u-bob")]

    async def test_removed_member_stays_member_of_other_sessions(
        self, store: Store, seed: Seed
    ) -> None:
        """A user who is removed from one session stays a member of another session."""
        for session_id in ("s1", "s2"):
            await seed.session(session_id)
            await store.join(member("u-bob", session_id), MANY)

        await store.remove_member("s1", "u-bob")

        assert await store.member("s2", "u-bob") == member("u-bob", "s2")


class TestMembersOf:
    async def test_members_of_several_sessions_are_grouped_and_sorted(
        self, store: Store, seed: Seed
    ) -> None:
        """Each session has its members in order of joining, without removed members."""
        for session_id in ("s1", "s2", "s3"):
            await family(store, seed, session_id)
        await store.remove_member("s2", "u-bob")
        await store.leave("s3", "u-carl")

        members = await store.members_of(["s3", "s1", "s2", "s1"])

        assert dict(members) == {
            session_id: await store.members(session_id) for session_id in ("s1", "s2", "s3")
        }
        assert [row.user_id for row in members["s1"]] == ["u-ada", "u-bob", "u-carl"]
        assert [row.user_id for row in members["s2"]] == ["u-ada", "u-carl"]
        assert [row.user_id for row in members["s3"]] == ["u-ada", "u-bob"]

    async def test_members_of_no_or_unknown_sessions_are_empty(
        self, store: Store, seed: Seed
    ) -> None:
        """No ids give no members, and an unknown session has no members."""
        await family(store, seed)

        members = await store.members_of(["s-none", "s1"])

        assert dict(await store.members_of([])) == {}
        assert list(members.get("s-none", [])) == []
        assert len(members["s1"]) == 3

    async def test_members_of_accepts_any_iterable(self, store: Store, seed: Seed) -> None:
        """Ids may come from an iterable that is readable only once."""
        await family(store, seed)

        members = await store.members_of(iter(["s1"]))

        assert dict(members) == {"s1": await store.members("s1")}

    async def test_members_of_accepts_more_ids_than_sql_parameters(
        self, store: Store, seed: Seed
    ) -> None:
        """There may be more ids than an SQL statement may have parameters."""
        await family(store, seed)

        members = await store.members_of([*(f"s-{number}" for number in range(40_000)), "s1"])

        assert members["s1"] == await store.members("s1")
