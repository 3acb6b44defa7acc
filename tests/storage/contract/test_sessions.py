"""Tests of `SessionStore` on every store: sessions, and a user's list of sessions."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from storage.base import Store
from storage.errors import LogConflict, NotFound
from storage.records import Access, Role, Session, SessionChanges, SessionListing, Status
from tests.storage.rows import (
    HOUR,
    MANY,
    NOW,
    Seed,
    checkpoint,
    chunk,
    member,
    message,
    odd_text,
    session,
    version,
)


class TestSessions:
    async def test_session_comes_back_as_stored(self, store: Store, seed: Seed) -> None:
        """A session comes back with every field and its type."""
        made = await seed.session(
            access=Access.INVITE,
            join_role=Role.VIEWER,
            status=Status.ENDED,
            main_root="main.py",
            updated_at=NOW + 5,
        )

        session = await store.session("s1")

        assert session == made
        assert session is not None
        assert session.access is Access.INVITE
        assert session.join_role is Role.VIEWER
        assert session.status is Status.ENDED

    async def test_session_starts_with_owner_as_only_member(self, store: Store, seed: Seed) -> None:
        """The owner is the only member of a new session."""
        await seed.session()

        members = await store.members("s1")

        assert members == [member("u-ada", role=Role.OWNER)]
        assert members[0].role is Role.OWNER

    async def test_session_without_code_starts_with_empty_log(
        self, store: Store, seed: Seed
    ) -> None:
        """Without a first chunk the log is empty."""
        await seed.session()

        assert await store.chunks("s1", 0, MANY) == []
        assert await store.checkpoint("s1") is None
        assert await store.messages("s1", None, MANY) == []
        assert await store.newest_version("s1") is None

    async def test_session_with_code_starts_with_first_chunk(
        self, store: Store, seed: Seed
    ) -> None:
        """The first chunk is stored with the session, and the log goes on after it."""
        await seed.session(first=chunk(1, 3))

        await store.append_chunks([chunk(4, 4)])

        assert await store.chunks("s1", 0, MANY) == [chunk(1, 3), chunk(4, 4)]

    async def test_session_with_invalid_first_chunk_is_not_stored(self, store: Store) -> None:
        """Session, owner and chunk are stored together or not at all."""
        with pytest.raises(LogConflict):
            await store.add_session(session(), member("u-ada", role=Role.OWNER), chunk(2, 3))

        assert await store.session("s1") is None
        assert await store.member("s1", "u-ada") is None
        assert await store.sessions_of("u-ada", None, MANY) == []

    async def test_session_of_unknown_id_is_none(self, store: Store) -> None:
        """An unknown id gives None, and no error."""
        assert await store.session("s-none") is None

    @odd_text
    async def test_session_with_unusual_text_comes_back_as_stored(
        self, store: Store, seed: Seed, text: str
    ) -> None:
        """Titles and root names come back character by character."""
        made = await seed.session(title=text, language=text, main_root=text)

        assert await store.session("s1") == made

    async def test_change_of_every_field_is_stored_and_counts_as_activity(
        self, store: Store, seed: Seed
    ) -> None:
        """The named fields change, and the session counts as active now."""
        made = await seed.session()
        changes = SessionChanges("New", "rust", Access.INVITE, Role.VIEWER, Status.ENDED)

        changed = await store.change_session("s1", changes, NOW + 10)

        assert changed == replace(
            made,
            title="New",
            language="rust",
            access=Access.INVITE,
            join_role=Role.VIEWER,
            status=Status.ENDED,
            updated_at=NOW + 10,
        )
        assert changed.status is Status.ENDED
        assert await store.session("s1") == changed

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("title", "New"),
            ("title", ""),
            ("language", ""),
            ("access", Access.INVITE),
            ("join_role", Role.VIEWER),
            ("status", Status.ENDED),
        ],
    )
    async def test_change_of_one_field_leaves_the_others(
        self, store: Store, seed: Seed, field: str, value: Any
    ) -> None:
        """A change to None leaves a field unchanged, and an empty text is a value."""
        made = await seed.session()
        await seed.session("s2")

        changed = await store.change_session("s1", SessionChanges(**{field: value}), NOW + 10)

        assert changed == replace(made, **{field: value}, updated_at=NOW + 10)
        assert await store.session("s2") == session("s2")

    async def test_changes_of_two_fields_together_both_succeed(
        self, store: Store, seed: Seed
    ) -> None:
        """Two users who change two fields at the same time both succeed."""
        made = await seed.session()

        await asyncio.gather(
            store.change_session("s1", SessionChanges(title="New"), NOW + 1),
            store.change_session("s1", SessionChanges(language="rust"), NOW + 1),
        )

        assert await store.session("s1") == replace(
            made, title="New", language="rust", updated_at=NOW + 1
        )

    async def test_change_of_unknown_session_is_not_found(self, store: Store) -> None:
        """A change of an unknown session raises NotFound."""
        with pytest.raises(NotFound):
            await store.change_session("s-none", SessionChanges(title="New"), NOW)

    async def test_delete_removes_members_messages_log_checkpoint_and_versions(
        self, store: Store, seed: Seed
    ) -> None:
        """Members, messages, log, checkpoint and versions are deleted with the session."""
        await self.fill(store, seed, "s1")

        await store.delete_session("s1")

        assert await store.session("s1") is None
        await self.assert_empty(store, "s1")
        assert await store.sessions_of("u-ada", None, MANY) == []
        assert await store.sessions_of("u-bob", None, MANY) == []

    async def test_delete_leaves_nothing_for_later_session_of_same_id(
        self, store: Store, seed: Seed
    ) -> None:
        """A later session with the same id starts empty, with numbers from 1."""
        await self.fill(store, seed, "s1")
        await store.delete_session("s1")

        made = await seed.session("s1", owner_id="u-carl")

        assert await store.members("s1") == [member("u-carl", role=Role.OWNER)]
        assert await store.session("s1") == made
        assert await store.member("s1", "u-bob") is None
        assert await store.member("s1", "u-gone") is None
        assert await store.messages("s1", None, MANY) == []
        assert await store.chunks("s1", 0, MANY) == []
        assert await store.checkpoint("s1") is None
        assert await store.versions("s1", None, MANY, with_files=True) == []
        assert (await store.add_message(message())).sequence == 1
        assert (await store.add_version(version(), MANY))[0].number == 1
        assert await store.append_chunks([chunk(1, 1)]) == set()

    async def test_delete_leaves_other_sessions(self, store: Store, seed: Seed) -> None:
        """The rows of other sessions stay unchanged."""
        await self.fill(store, seed, "s1")
        await self.fill(store, seed, "s2")

        await store.delete_session("s1")

        assert await store.session("s2") is not None
        assert [member.user_id for member in await store.members("s2")] == ["u-ada", "u-bob"]
        assert len(await store.messages("s2", None, MANY)) == 1
        assert len(await store.chunks("s2", 0, MANY)) == 2
        assert await store.checkpoint("s2") is not None
        assert await store.newest_version("s2") is not None

    async def test_delete_repeated_changes_nothing(self, store: Store, seed: Seed) -> None:
        """Deleting a deleted or unknown session changes nothing."""
        await seed.session()

        await store.delete_session("s1")
        await store.delete_session("s1")
        await store.delete_session("s-none")

        assert await store.session("s1") is None

    async def test_delete_leaves_users_signed_in(self, store: Store, seed: Seed) -> None:
        """Deleting a user's session does not sign anybody out."""
        ada = await seed.user("ada")
        await seed.session()

        await store.delete_session("s1")

        assert await store.signed_in("l-ada-1", NOW) == ada

    async def fill(self, store: Store, seed: Seed, session_id: str) -> None:
        """Make a session with a row of every kind, and with a removed member."""
        await seed.session(session_id, first=chunk(1, 1, session_id=session_id))
        await store.join(member("u-bob", session_id), MANY)
        await store.join(member("u-gone", session_id), MANY)
        await store.remove_member(session_id, "u-gone")
        await store.add_message(message(session_id=session_id))
        await store.append_chunks([chunk(2, 5, session_id=session_id)])
        await store.put_checkpoint(checkpoint(5, session_id))
        await store.add_version(version(session_id=session_id), MANY)

    async def assert_empty(self, store: Store, session_id: str) -> None:
        assert await store.members(session_id) == []
        for user_id in ("u-ada", "u-bob", "u-gone"):
            assert await store.member(session_id, user_id) is None
        assert await store.messages(session_id, None, MANY) == []
        assert await store.chunks(session_id, 0, MANY) == []
        assert await store.checkpoint(session_id) is None
        assert await store.newest_version(session_id) is None
        assert await store.version(session_id, 1) is None
        assert await store.versions(session_id, None, MANY, with_files=False) == []


class TestSessionsOf:
    async def test_sessions_of_user_have_role_of_user(self, store: Store, seed: Seed) -> None:
        """Each session comes with the user's role in it."""
        own = await seed.session("s1", owner_id="u-ada", updated_at=NOW + 1)
        other = await seed.session("s2", owner_id="u-bob", updated_at=NOW + 2)
        await store.join(member("u-ada", "s2", role=Role.VIEWER, joined_at=NOW + 3), MANY)
        await seed.session("s3", owner_id="u-bob")

        listings = await store.sessions_of("u-ada", None, MANY)

        assert listings == [
            SessionListing(other, member("u-ada", "s2", role=Role.VIEWER, joined_at=NOW + 3), 0),
            SessionListing(own, member("u-ada", "s1", role=Role.OWNER), 0),
        ]
        assert listings[0].member.role is Role.VIEWER

    async def test_sessions_of_user_without_memberships_are_empty(
        self, store: Store, seed: Seed
    ) -> None:
        """A user who is a member of no session has an empty list."""
        await seed.session()

        assert await store.sessions_of("u-bob", None, MANY) == []

    async def test_sessions_of_user_leave_out_sessions_removed_from_or_left(
        self, store: Store, seed: Seed
    ) -> None:
        """The list has only sessions of which the user is a member."""
        for session_id in ("s1", "s2", "s3"):
            await seed.session(session_id)
            await store.join(member("u-bob", session_id), MANY)
        await store.remove_member("s1", "u-bob")
        await store.leave("s2", "u-bob")

        listings = await store.sessions_of("u-bob", None, MANY)

        assert [listing.session.id for listing in listings] == ["s3"]

    @pytest.mark.parametrize("limit", [1, 2, 3, 7, 8])
    async def test_sessions_of_user_with_equal_times_are_each_on_one_page(
        self, store: Store, seed: Seed, limit: int
    ) -> None:
        """Each session is on exactly one page, even if a page ends between equal times."""
        for number, moment in enumerate([5, 3, 3, 3, 3, 3, 1]):
            await seed.session(f"s{number}", updated_at=NOW + moment)

        seen: list[Session] = []
        before = None
        while page := await store.sessions_of("u-ada", before, limit):
            assert len(page) <= limit
            seen += [listing.session for listing in page]
            before = (seen[-1].updated_at, seen[-1].id)

        assert {session.id for session in seen} == {f"s{number}" for number in range(7)}
        assert [session.updated_at - NOW for session in seen] == [5, 3, 3, 3, 3, 3, 1]

    async def test_sessions_of_user_fill_each_page_to_limit(self, store: Store, seed: Seed) -> None:
        """A page has `limit` sessions if there are that many."""
        for number in range(5):
            await seed.session(f"s{number}", updated_at=NOW + number)

        page = await store.sessions_of("u-ada", None, 3)
        rest = await store.sessions_of("u-ada", (NOW + 2, "s2"), 3)

        assert [listing.session.id for listing in page] == ["s4", "s3", "s2"]
        assert [listing.session.id for listing in rest] == ["s1", "s0"]

    async def test_sessions_of_user_with_equal_times_have_stable_order(
        self, store: Store, seed: Seed
    ) -> None:
        """Sessions with equal times have a stable order, too."""
        for number in range(10):
            await seed.session(f"s{number}")

        lists = [
            [listing.session.id for listing in await store.sessions_of("u-ada", None, MANY)]
            for _ in range(3)
        ]

        assert lists[0] == lists[1] == lists[2]


class TestActivity:
    """Edits, messages and versions move `Session.updated_at`, in steps that the store chooses."""

    MUCH_LATER = NOW + 10 * HOUR

    @pytest.mark.parametrize("action", ["edit", "message", "version", "change"])
    async def test_session_activity_moves_session_to_top(
        self, store: Store, seed: Seed, action: str
    ) -> None:
        """The session with the newest activity comes first."""
        await seed.session("s1", updated_at=NOW)
        await seed.session("s2", updated_at=NOW + HOUR)

        await self.act(store, action, self.MUCH_LATER)

        listings = await store.sessions_of("u-ada", None, MANY)
        assert [(listing.session.id, listing.session.updated_at) for listing in listings] == [
            ("s1", self.MUCH_LATER),
            ("s2", NOW + HOUR),
        ]

    @pytest.mark.parametrize("action", ["edit", "message", "version", "change"])
    async def test_session_activity_with_earlier_time_changes_nothing(
        self, store: Store, seed: Seed, action: str
    ) -> None:
        """An activity with an earlier time does not make the session older."""
        await seed.session("s1", updated_at=self.MUCH_LATER)

        await self.act(store, action, NOW)

        session = await store.session("s1")
        assert session is not None
        assert session.updated_at == self.MUCH_LATER

    async def act(self, store: Store, action: str, now: int) -> None:
        match action:
            case "edit":
                await store.append_chunks([chunk(1, 1, created_at=now)])
            case "message":
                await store.add_message(message(created_at=now))
            case "version":
                await store.add_version(version(created_at=now), MANY)
            case "change":
                await store.change_session("s1", SessionChanges(title="New"), now)
