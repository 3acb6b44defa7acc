"""Tests of `InviteStore` on every store: invites.

Guests are in `test_guests.py`, and tickets are in `test_tickets.py`.
"""

import asyncio

import pytest

from storage.base import Store
from storage.errors import LimitReached, NotFound
from storage.records import Invite, InviteUse, Member, Role
from tests.storage.rows import (
    DAY,
    HOUR,
    MANY,
    NOW,
    Seed,
    invite,
    member,
    message,
    odd_text,
)

SECRET = "s1-secret-1"


async def the_invite(store: Store, number: int = 1) -> Invite:
    """Return an invite of s1 as the list has it, even if it is not usable."""
    return (await the_use(store, number))[0]


async def the_use(store: Store, number: int = 1) -> tuple[Invite, list[InviteUse]]:
    """Return an invite of s1 with its uses."""
    listed = await store.invites("s1", None, MANY, MANY)
    return next(listing for listing in listed if listing[0].id == invite(number).id)


class TestInvites:
    async def test_invite_comes_back_as_stored(self, store: Store, seed: Seed) -> None:
        """An invite comes back with every field and its type."""
        await seed.session()
        made = await seed.invite(role=Role.VIEWER, max_uses=7, created_by="u-bob")

        invite = await store.invite(SECRET, NOW)

        assert invite == made
        assert invite is not None
        assert invite.role is Role.VIEWER
        assert invite.is_revoked is False
        assert await store.invites("s1", None, MANY, MANY) == [(made, [])]

    async def test_invite_of_unknown_secret_is_not_found(self, store: Store, seed: Seed) -> None:
        """An invite is found only by its whole secret, not by its id or a part of the secret."""
        await seed.session()
        await seed.invite()

        for secret in ("", "s1-secret", "S1-SECRET-1", "s1-secret-%", invite().id):
            assert await store.invite(secret, NOW) is None

    @pytest.mark.parametrize(
        ("later", "is_usable"), [(0, True), (HOUR - 1, True), (HOUR, False), (DAY, False)]
    )
    async def test_invite_is_usable_until_just_before_expiry(
        self, store: Store, seed: Seed, later: int, *, is_usable: bool
    ) -> None:
        """An invite is usable until just before `expires_at`."""
        await seed.session()
        await seed.invite()

        stored_invite = await store.invite(SECRET, NOW + later)

        assert stored_invite == (invite() if is_usable else None)

    async def test_add_invite_to_unknown_session_is_not_found(self, store: Store) -> None:
        """An invite to an unknown session raises NotFound, and is not stored."""
        with pytest.raises(NotFound):
            await store.add_invite(invite(), MANY)

        assert await store.invite(SECRET, NOW) is None
        assert await store.invites("s1", None, MANY, MANY) == []

    async def test_add_invite_at_limit_is_refused(self, store: Store, seed: Seed) -> None:
        """A session takes usable invites up to the limit, and other sessions are not full."""
        await seed.session("s1")
        await seed.session("s2")
        await store.add_invite(invite(1), 2)
        await store.add_invite(invite(2), 2)

        with pytest.raises(LimitReached):
            await store.add_invite(invite(3), 2)

        assert await store.invite("s1-secret-3", NOW) is None
        assert len(await store.invites("s1", None, MANY, 0)) == 2
        await store.add_invite(invite(1, "s2"), 2)

    async def test_add_invite_limit_counts_usable_invites_only(
        self, store: Store, seed: Seed
    ) -> None:
        """Invites that are revoked, expired or used up do not count when a new one is made."""
        await seed.session()
        await seed.invite(1)
        await seed.invite(2, max_uses=1)
        await seed.invite(3, expires_at=NOW + 5)
        await store.revoke_invite("s1", invite(1).id)
        await store.use_invite("s1-secret-2", member(), MANY)

        with pytest.raises(LimitReached):
            await store.add_invite(invite(4, created_at=NOW + 4), 1)
        await store.add_invite(invite(5, created_at=NOW + 5), 1)

        assert [stored.id for stored, _ in await store.invites("s1", None, MANY, 0)] == [
            invite(number).id for number in (5, 3, 2, 1)
        ]

    async def test_add_invite_limit_holds_for_concurrent_calls(
        self, store: Store, seed: Seed
    ) -> None:
        """Concurrent calls store only as many invites as there is room for."""
        await seed.session()

        results = await asyncio.gather(
            *(store.add_invite(invite(number), 5) for number in range(50)), return_exceptions=True
        )

        assert results.count(None) == 5
        assert sum(isinstance(result, LimitReached) for result in results) == 45
        assert len(await store.invites("s1", None, MANY, 0)) == 5

    async def test_add_invite_repeated_changes_nothing(self, store: Store, seed: Seed) -> None:
        """Adding an invite again changes nothing, even at the limit and after a use."""
        await seed.session()
        await store.add_invite(invite(max_uses=2), 1)
        await store.use_invite(SECRET, member(), MANY)
        used = await the_use(store)

        await store.add_invite(invite(max_uses=2), 1)

        assert await store.invites("s1", None, MANY, MANY) == [used]
        assert used[0].uses == 1

    async def test_invite_is_deleted_with_its_session(self, store: Store, seed: Seed) -> None:
        """A new session with the same id starts without invites."""
        await seed.session()
        await seed.invite()
        await store.use_invite(SECRET, member(), MANY)

        await store.delete_session("s1")

        await seed.session()
        assert await store.invite(SECRET, NOW) is None
        assert await store.invites("s1", None, MANY, MANY) == []
        await seed.invite()
        assert await the_use(store) == (invite(), [])

    @odd_text
    async def test_invite_ids_and_secrets_are_compared_exactly(
        self, store: Store, seed: Seed, text: str
    ) -> None:
        """Ids and secrets are compared character by character."""
        await seed.session()
        made = await seed.invite(id=f"i{text}", secret_hash=f"x{text}", created_by=text)

        assert await store.invite(f"x{text}", NOW) == made
        assert await store.invite(f"X{text}", NOW) is None


class TestListing:
    @pytest.mark.parametrize(
        ("before", "limit", "expected"),
        [
            (None, 3, [12, 11, 10]),
            (10, 3, [9, 8, 7]),
            (4, 10, [3, 2, 1]),
            (1, 3, []),
            (9_999, 2, [12, 11]),
            (None, 12, list(range(12, 0, -1))),
            (None, 100, list(range(12, 0, -1))),
        ],
    )
    async def test_invite_list_pages_newest_first_by_id(
        self, store: Store, seed: Seed, before: int | None, limit: int, expected: list[int]
    ) -> None:
        """A page has the newest ids below `before`. Times and order of arrival do not matter."""
        await seed.session()
        for number in (7, 1, 12, 3, 2, 11, 5, 4, 6, 10, 9, 8):
            await seed.invite(number, created_at=NOW - number)

        invites = await store.invites("s1", None if before is None else invite(before).id, limit, 0)

        assert [stored.id for stored, _ in invites] == [invite(number).id for number in expected]

    async def test_invite_list_has_invites_of_one_session_only(
        self, store: Store, seed: Seed
    ) -> None:
        """A session's list has no invites of other sessions."""
        for session_id in ("s1", "s2"):
            await seed.session(session_id)
            await seed.invite(1, session_id)

        assert await store.invites("s2", None, MANY, MANY) == [(invite(1, "s2"), [])]
        assert await store.invites("s-none", None, MANY, MANY) == []

    async def test_invite_list_includes_unusable_invites(self, store: Store, seed: Seed) -> None:
        """The owner sees revoked, used-up and expired invites, with the users who came by them."""
        await seed.session()
        await seed.invite(1)
        await seed.invite(2, max_uses=1)
        await seed.invite(3, expires_at=NOW)
        await store.revoke_invite("s1", invite(1).id)
        await store.use_invite("s1-secret-2", member(), MANY)

        listed = await store.invites("s1", None, MANY, MANY)

        assert listed == [
            (invite(3, expires_at=NOW), []),
            (invite(2, max_uses=1, uses=1), [InviteUse("u-bob", NOW)]),
            (invite(1, is_revoked=True), []),
        ]
        assert listed[2][0].is_revoked is True

    @pytest.mark.parametrize("bound", [0, 1, 3, 5, MANY])
    async def test_invite_list_has_newest_uses_and_count_of_all(
        self, store: Store, seed: Seed, bound: int
    ) -> None:
        """Each invite has at most `bound` uses, newest first, and the count of all uses."""
        await seed.session()
        for number in (1, 2):
            await seed.invite(number)
            for place in (3, 1, 5, 2, 4):
                using = member(f"u-{number}-{place}", joined_at=NOW + place)
                await store.use_invite(f"s1-secret-{number}", using, MANY)

        listed = await store.invites("s1", None, MANY, bound)

        assert [(stored.uses, uses) for stored, uses in listed] == [
            (
                5,
                [InviteUse(f"u-{number}-{place}", NOW + place) for place in (5, 4, 3, 2, 1)][
                    :bound
                ],
            )
            for number in (2, 1)
        ]


class TestRevoking:
    async def test_revoked_invite_admits_nobody_and_keeps_members(
        self, store: Store, seed: Seed
    ) -> None:
        """A revoked invite admits nobody. Members stay, and the other invites work."""
        await seed.session()
        await seed.invite(1)
        await seed.invite(2)
        await store.use_invite(SECRET, member(), MANY)

        await store.revoke_invite("s1", invite(1).id)

        assert await store.invite(SECRET, NOW) is None
        with pytest.raises(NotFound):
            await store.use_invite(SECRET, member("u-carl"), MANY)
        assert await store.member("s1", "u-bob") == member("u-bob")
        assert await store.invite("s1-secret-2", NOW) == invite(2)

    async def test_revoke_repeated_changes_nothing(self, store: Store, seed: Seed) -> None:
        """A second revocation changes nothing."""
        await seed.session()
        await seed.invite()
        await store.revoke_invite("s1", invite().id)

        await store.revoke_invite("s1", invite().id)

        assert await store.invites("s1", None, MANY, MANY) == [(invite(is_revoked=True), [])]

    async def test_revoke_of_unknown_invite_is_not_found(self, store: Store, seed: Seed) -> None:
        """Only an existing invite can be revoked, and only in its own session."""
        for session_id in ("s1", "s2"):
            await seed.session(session_id)
        await seed.invite()

        for session_id, invite_id in (
            ("s1", "i-none"),
            ("s2", invite().id),
            ("s-none", invite().id),
            ("s1", SECRET),
        ):
            with pytest.raises(NotFound):
                await store.revoke_invite(session_id, invite_id)

        assert await store.invite(SECRET, NOW) == invite()


class TestUsing:
    async def test_use_of_invite_gives_role_of_invite(self, store: Store, seed: Seed) -> None:
        """The member gets the invite's role, not the caller's, and the use is counted."""
        await seed.session()
        await seed.invite(role=Role.VIEWER)

        joined = await store.use_invite(SECRET, member(role=Role.OWNER, joined_at=NOW + 1), MANY)

        assert joined == member(role=Role.VIEWER, joined_at=NOW + 1)
        assert joined.role is Role.VIEWER
        assert await store.member("s1", "u-bob") == joined
        assert await the_use(store) == (
            invite(role=Role.VIEWER, uses=1),
            [InviteUse("u-bob", NOW + 1)],
        )

    async def test_use_of_invite_repeated_is_not_counted(self, store: Store, seed: Seed) -> None:
        """A repeated use returns the membership unchanged, even when the invite is used up."""
        await seed.session()
        await seed.invite(max_uses=1)
        first = await store.use_invite(SECRET, member(), MANY)

        again = await store.use_invite(SECRET, member(joined_at=NOW + 9), MANY)

        assert again == first
        assert await the_use(store) == (invite(max_uses=1, uses=1), [InviteUse("u-bob", NOW)])

    async def test_use_of_invite_by_existing_member_changes_nothing(
        self, store: Store, seed: Seed
    ) -> None:
        """A member keeps the role, no use is counted, and the session may be full."""
        await seed.session()
        await seed.invite(role=Role.VIEWER)
        await store.join(member(), MANY)

        members = [
            await store.use_invite(SECRET, member(user_id), 1) for user_id in ("u-bob", "u-ada")
        ]

        assert members == [member(), member("u-ada", role=Role.OWNER)]
        assert await the_use(store) == (invite(role=Role.VIEWER), [])

    async def test_use_of_invite_by_removed_member_is_refused(
        self, store: Store, seed: Seed
    ) -> None:
        """An invite does not let a removed member back, and the attempt is not counted."""
        await seed.session()
        await seed.invite(1)
        await seed.invite(2)
        await store.use_invite(SECRET, member(), MANY)
        await store.remove_member("s1", "u-bob")

        members = [
            await store.use_invite(secret, member(), MANY) for secret in (SECRET, "s1-secret-2")
        ]

        assert members == [member(is_removed=True)] * 2
        assert [user_id.user_id for user_id in await store.members("s1")] == ["u-ada"]
        assert ((await the_invite(store, 1)).uses, (await the_invite(store, 2)).uses) == (1, 0)

    async def test_use_of_invite_by_former_member_is_counted_again(
        self, store: Store, seed: Seed
    ) -> None:
        """A user who left has no membership, so the next use counts like the first."""
        await seed.session()
        await seed.invite(max_uses=2)
        await store.use_invite(SECRET, member(), MANY)
        await store.leave("s1", "u-bob")

        back = await store.use_invite(SECRET, member(joined_at=NOW + 5), MANY)

        assert back == member(joined_at=NOW + 5)
        assert (await the_invite(store)).uses == 2
        with pytest.raises(NotFound):
            await store.use_invite(SECRET, member("u-carl"), MANY)

    async def test_use_of_invite_marks_earlier_messages_as_read(
        self, store: Store, seed: Seed
    ) -> None:
        """Earlier messages count as read, as they do for users who join by the link."""
        await seed.session()
        await seed.invite()
        await store.add_message(message("one"))
        await store.add_message(message("two"))

        joined = await store.use_invite(SECRET, member(), MANY)

        assert joined.read_sequence == 2
        assert await store.read_messages("s1", "u-bob", 0) == 0

    @pytest.mark.parametrize(
        ("secret", "session_id", "joined_at"),
        [
            pytest.param("s1-secret-9", "s1", NOW, id="unknown"),
            pytest.param("s1-secret-1", "s1", NOW + HOUR, id="expired"),
            pytest.param("s1-secret-2", "s1", NOW, id="revoked"),
            pytest.param("s1-secret-3", "s1", NOW, id="used up"),
            pytest.param("s2-secret-1", "s1", NOW, id="of another session"),
            pytest.param("s1-secret-1", "s2", NOW, id="for another session"),
            pytest.param("s1-secret-1", "s-none", NOW, id="for no session"),
        ],
    )
    async def test_use_of_unusable_invite_admits_nobody_and_counts_nothing(
        self, store: Store, seed: Seed, secret: str, session_id: str, joined_at: int
    ) -> None:
        """An unusable invite admits nobody, and no use is counted."""
        await seed.unusable_invites()
        before = await store.invites("s1", None, MANY, MANY) + await store.invites(
            "s2", None, MANY, MANY
        )

        with pytest.raises(NotFound):
            await store.use_invite(secret, member("u-carl", session_id, joined_at=joined_at), MANY)

        assert await store.member(session_id, "u-carl") is None
        assert (
            await store.invites("s1", None, MANY, MANY)
            + await store.invites("s2", None, MANY, MANY)
            == before
        )

    async def test_use_of_invite_just_before_expiry_succeeds(
        self, store: Store, seed: Seed
    ) -> None:
        """The last millisecond before the expiry admits a user."""
        await seed.session()
        await seed.invite()

        joined = await store.use_invite(SECRET, member(joined_at=NOW + HOUR - 1), MANY)

        assert joined == member(joined_at=NOW + HOUR - 1)

    async def test_use_of_invite_in_full_session_is_refused_and_not_counted(
        self, store: Store, seed: Seed
    ) -> None:
        """A refused use is not counted, and the invite works again when there is room."""
        await seed.session()
        await seed.invite(max_uses=1)
        await store.join(member("u-bob"), 2)

        with pytest.raises(LimitReached):
            await store.use_invite(SECRET, member("u-carl"), 2)

        assert await store.member("s1", "u-carl") is None
        assert await the_use(store) == (invite(max_uses=1), [])
        await store.leave("s1", "u-bob")
        assert await store.use_invite(SECRET, member("u-carl"), 2) == member("u-carl")

    async def test_use_of_invite_by_fifty_users_with_five_uses_admits_five(
        self, store: Store, seed: Seed
    ) -> None:
        """An invite for five uses admits five users, and the others get NotFound."""
        await seed.session()
        await seed.invite(max_uses=5)

        results = await asyncio.gather(
            *(store.use_invite(SECRET, member(f"u-{number}"), MANY) for number in range(50)),
            return_exceptions=True,
        )

        came_in = {result.user_id for result in results if isinstance(result, Member)}
        used, uses = await the_use(store)
        assert len(came_in) == used.uses == 5
        assert sum(isinstance(result, NotFound) for result in results) == 45
        assert {member.user_id for member in await store.members("s1")} == {"u-ada", *came_in}
        assert {use.user_id for use in uses} == came_in

    async def test_use_of_invites_by_fifty_users_never_overfills_session(
        self, store: Store, seed: Seed
    ) -> None:
        """Two invites used together do not overfill a session, and count its new members."""
        await seed.session()
        await seed.invite(1)
        await seed.invite(2)

        results = await asyncio.gather(
            *(
                store.use_invite(f"s1-secret-{number % 2 + 1}", member(f"u-{number}"), 6)
                for number in range(50)
            ),
            return_exceptions=True,
        )

        assert sum(isinstance(result, Member) for result in results) == 5
        assert sum(isinstance(result, LimitReached) for result in results) == 45
        assert len(await store.members("s1")) == 6
        assert (await the_invite(store, 1)).uses + (await the_invite(store, 2)).uses == 5

    async def test_use_of_invite_by_fifty_calls_of_one_user_counts_once(
        self, store: Store, seed: Seed
    ) -> None:
        """Fifty calls of one user make one member and count one use."""
        await seed.session()
        await seed.invite(max_uses=5)

        results = await asyncio.gather(
            *(
                store.use_invite(SECRET, member(joined_at=NOW + number), MANY)
                for number in range(50)
            )
        )

        assert set(results) == {results[0]}
        assert len(await store.members("s1")) == 2
        assert await the_use(store) == (
            invite(max_uses=5, uses=1),
            [InviteUse("u-bob", results[0].joined_at)],
        )

    async def test_use_of_invite_during_session_deletion_leaves_no_membership(
        self, store: Store, seed: Seed
    ) -> None:
        """No user stays a member of a deleted session."""
        await seed.session()
        await seed.invite()
        names = [f"u-{number}" for number in range(20)]

        results = await asyncio.gather(
            *(store.use_invite(SECRET, member(name), MANY) for name in names[:10]),
            store.delete_session("s1"),
            *(store.use_invite(SECRET, member(name), MANY) for name in names[10:]),
            return_exceptions=True,
        )

        assert all(result is None or isinstance(result, Member | NotFound) for result in results)
        assert [await store.member("s1", name) for name in names] == [None] * 20
        assert await store.invites("s1", None, MANY, MANY) == []
