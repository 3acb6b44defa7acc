"""The contract of `storage.base.SessionStore`, run on every store: who owns a session, and who has read what."""

import asyncio
import contextlib
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from storage.base import Store
from storage.errors import NotFound, OwnerStays, StoreError
from storage.records import AccountDeletion, Member, Role, SessionListing
from tests.storage.rows import NOW, Seed, member, message, session

MANY = 1_000
NAMES = ("ada", "bob", "carl")


async def assert_owned(store: Store, session_id: str) -> None:
    """A session that is there has one owner: a member, and no one who was deleted."""
    found = await store.session(session_id)
    members = await store.members(session_id)
    if found is None:
        assert members == []
        return
    owners = [one.user_id for one in members if one.role is Role.OWNER]
    assert owners == [found.owner_id]
    assert [one.is_deleted for one in (await store.users(owners)).values()] == [False]


async def family(store: Store, seed: Seed, session_id: str = "s1") -> None:
    """A session of u-ada with the editors u-bob and u-carl."""
    if not await store.users(["u-ada"]):
        for name in NAMES:
            await seed.user(name)
    await seed.session(session_id)
    for number, name in enumerate(NAMES[1:], 1):
        await store.join(member(f"u-{name}", session_id, joined_at=NOW + number), MANY)


class TestTransfer:
    async def test_the_successor_owns_the_session(self, store: Store, seed: Seed) -> None:
        """He is returned as its owner; who had it is an editor, as old as before."""
        await family(store, seed)

        successor = await store.transfer_session("s1", "u-ada", "u-carl")

        assert successor == member("u-carl", role=Role.OWNER, joined_at=NOW + 2)
        assert successor.role is Role.OWNER
        assert await store.members("s1") == [member("u-ada"), member("u-bob", joined_at=NOW + 1), successor]
        found = await store.session("s1")
        assert found is not None
        assert replace(found, updated_at=NOW) == session("s1", owner_id="u-carl")

    async def test_only_this_session(self, store: Store, seed: Seed) -> None:
        """The others stay his."""
        await family(store, seed, "s1")
        await family(store, seed, "s2")

        await store.transfer_session("s1", "u-ada", "u-bob")

        assert await store.session("s2") == session("s2")
        await assert_owned(store, "s2")

    @pytest.mark.parametrize("role", [Role.EDITOR, Role.VIEWER])
    async def test_any_member_may_have_it(self, store: Store, seed: Seed, role: Role) -> None:
        """A viewer too."""
        await family(store, seed)
        await store.set_role("s1", "u-bob", role)

        successor = await store.transfer_session("s1", "u-ada", "u-bob")

        assert successor == member("u-bob", role=Role.OWNER, joined_at=NOW + 1)
        await assert_owned(store, "s1")

    async def test_what_he_has_read_stays(self, store: Store, seed: Seed) -> None:
        """For both."""
        await family(store, seed)
        for text in ("one", "two", "three"):
            await store.add_message(message(text, sender_id="u-carl"))
        await store.read_messages("s1", "u-ada", 1)
        await store.read_messages("s1", "u-bob", 2)

        successor = await store.transfer_session("s1", "u-ada", "u-bob")

        assert successor.read_sequence == 2
        assert [one.read_sequence for one in await store.members("s1")] == [1, 2, 3]

    async def test_the_new_owner_stays(self, store: Store, seed: Seed) -> None:
        """And the old one may go."""
        await family(store, seed)
        await store.transfer_session("s1", "u-ada", "u-bob")

        with pytest.raises(OwnerStays):
            await store.leave("s1", "u-bob")
        with pytest.raises(OwnerStays):
            await store.remove_member("s1", "u-bob")
        with pytest.raises(OwnerStays):
            await store.set_role("s1", "u-bob", Role.EDITOR)
        await store.leave("s1", "u-ada")

        assert [one.user_id for one in await store.members("s1")] == ["u-bob", "u-carl"]
        await assert_owned(store, "s1")

    async def test_there_and_back(self, store: Store, seed: Seed) -> None:
        """Everything is as it was."""
        await family(store, seed)
        before = await store.members("s1")
        await store.transfer_session("s1", "u-ada", "u-bob")

        await store.transfer_session("s1", "u-bob", "u-ada")

        assert await store.members("s1") == before
        await assert_owned(store, "s1")

    @pytest.mark.parametrize("successor_id", ["u-dora", "u-bob", "u-carl", "u-nobody"])
    async def test_a_successor_who_is_no_member(self, store: Store, seed: Seed, successor_id: str) -> None:
        """Neither a stranger, nor who was removed or left; nothing changes."""
        await family(store, seed)
        await seed.user("dora")
        await store.remove_member("s1", "u-bob")
        await store.leave("s1", "u-carl")

        with pytest.raises(NotFound):
            await store.transfer_session("s1", "u-ada", successor_id)

        assert await store.members("s1") == [member("u-ada", role=Role.OWNER)]
        assert await store.session("s1") == session("s1")

    async def test_a_successor_whose_account_ended(self, store: Store, seed: Seed) -> None:
        """He is no member any more."""
        await family(store, seed)
        await store.delete_user("u-bob", NOW, deletes_sessions=False)

        with pytest.raises(NotFound):
            await store.transfer_session("s1", "u-ada", "u-bob")

        await assert_owned(store, "s1")

    async def test_no_session(self, store: Store) -> None:
        """Nobody is a member of it."""
        with pytest.raises(NotFound):
            await store.transfer_session("s-none", "u-ada", "u-bob")

    @pytest.mark.parametrize("owner_id", ["u-carl", "u-bob", "u-nobody"])
    async def test_who_does_not_own_it(self, store: Store, seed: Seed, owner_id: str) -> None:
        """He cannot give it away, neither to others nor to himself."""
        await family(store, seed)
        before = await store.members("s1")

        with pytest.raises(OwnerStays):
            await store.transfer_session("s1", owner_id, "u-bob")

        assert await store.members("s1") == before
        assert await store.session("s1") == session("s1")

    async def test_who_owned_it_once(self, store: Store, seed: Seed) -> None:
        """What he gave away he cannot give again."""
        await family(store, seed)
        await store.transfer_session("s1", "u-ada", "u-bob")
        before = await store.members("s1")

        with pytest.raises(OwnerStays):
            await store.transfer_session("s1", "u-ada", "u-carl")

        assert await store.members("s1") == before
        await assert_owned(store, "s1")

    async def test_to_himself(self, store: Store, seed: Seed) -> None:
        """Refused or not, the session has its owner after it: there is no other member who could be one."""
        await family(store, seed)

        with contextlib.suppress(StoreError):
            await store.transfer_session("s1", "u-ada", "u-ada")

        await assert_owned(store, "s1")

    async def test_a_role_makes_no_second_owner(self, store: Store, seed: Seed) -> None:
        """Refused or not, there is one: as when who gave the session away still wants to be its owner."""
        await family(store, seed)
        await store.transfer_session("s1", "u-ada", "u-bob")

        with contextlib.suppress(StoreError):
            await store.set_role("s1", "u-ada", Role.OWNER)

        await assert_owned(store, "s1")

    async def test_repeating(self, store: Store, seed: Seed) -> None:
        """The same transfer again changes nothing; at most it is refused for good."""
        await family(store, seed)
        await store.transfer_session("s1", "u-ada", "u-bob")
        once = await store.members("s1")

        with contextlib.suppress(OwnerStays):
            await store.transfer_session("s1", "u-ada", "u-bob")

        assert await store.members("s1") == once


class TestTransferRaces:
    async def test_many_successors_at_once(self, store: Store, seed: Seed) -> None:
        """One has it, the others are told that it is not his who gave it."""
        await seed.user("ada")
        await seed.session()
        successors = [f"u-successor{number}" for number in range(20)]
        for number in range(20):
            await seed.user(f"successor{number}")
            await store.join(member(successors[number]), MANY)

        results = await asyncio.gather(
            *(store.transfer_session("s1", "u-ada", successor) for successor in successors), return_exceptions=True
        )

        assert sum(isinstance(one, Member) for one in results) == 1
        assert sum(isinstance(one, OwnerStays) for one in results) == 19
        await assert_owned(store, "s1")

    @pytest.mark.parametrize("deletes_sessions", [True, False], ids=["deleting", "leaving"])
    @pytest.mark.parametrize(
        "order",
        list(itertools.permutations(("ada to bob", "bob to carl", "ada goes", "bob goes"))),
        ids=", ".join,
    )
    async def test_against_the_end_of_accounts(
        self, store: Store, seed: Seed, order: tuple[str, ...], *, deletes_sessions: bool
    ) -> None:
        """A session that survives has one owner, who has not gone."""
        session_ids = [f"s{number}" for number in range(5)]
        for session_id in session_ids:
            await family(store, seed, session_id)

        results = await self.race(store, order, session_ids, deletes_sessions=deletes_sessions)

        assert [one for one in results if not isinstance(one, Member | AccountDeletion | NotFound | OwnerStays)] == []
        for session_id in session_ids:
            await assert_owned(store, session_id)
        left = [await store.member(session_id, f"u-{name}") for session_id in session_ids for name in ("ada", "bob")]
        assert left == [None] * 10
        gone = {session_id for one in results if isinstance(one, AccountDeletion) for session_id in one.deleted}
        assert gone == {session_id for session_id in session_ids if await store.session(session_id) is None}

    @pytest.mark.parametrize(
        "order", list(itertools.permutations(("ada to bob", "bob to carl", "ada goes", "delete"))), ids=", ".join
    )
    async def test_against_the_end_of_the_session(self, store: Store, seed: Seed, order: tuple[str, ...]) -> None:
        """It is gone, and nobody is in it."""
        await family(store, seed)

        results = await self.race(store, order, ["s1"], deletes_sessions=False)

        allowed = Member | AccountDeletion | NotFound | OwnerStays | None
        assert [one for one in results if not isinstance(one, allowed)] == []
        assert await store.session("s1") is None
        assert await store.members("s1") == []
        assert [await store.member("s1", f"u-{name}") for name in NAMES] == [None] * 3
        assert [await store.sessions_of(f"u-{name}", None, MANY) for name in NAMES] == [[]] * 3

    @pytest.mark.parametrize(
        "order",
        list(itertools.permutations(("ada to bob", "bob to carl", "bob leaves", "bob is removed"))),
        ids=", ".join,
    )
    async def test_against_the_end_of_a_membership(self, store: Store, seed: Seed, order: tuple[str, ...]) -> None:
        """Whoever owns it in the end is a member."""
        await family(store, seed)

        results = await self.race(store, order, ["s1"], deletes_sessions=False)

        assert [one for one in results if not isinstance(one, Member | NotFound | OwnerStays | None)] == []
        await assert_owned(store, "s1")

    @pytest.mark.parametrize(
        "order", list(itertools.permutations(("ada to bob", "bob to carl", "bob views", "ada views"))), ids=", ".join
    )
    async def test_against_another_role(self, store: Store, seed: Seed, order: tuple[str, ...]) -> None:
        """A change of role takes the session from nobody."""
        await family(store, seed)

        results = await self.race(store, order, ["s1"], deletes_sessions=False)

        assert [one for one in results if not isinstance(one, Member | OwnerStays)] == []
        await assert_owned(store, "s1")

    async def race(
        self, store: Store, order: tuple[str, ...], session_ids: list[str], *, deletes_sessions: bool
    ) -> list[Any]:
        """Do all at once, begun in this order."""
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


class TestReading:
    async def test_what_others_say_is_unread(self, store: Store, seed: Seed) -> None:
        """The sender has read the chat so far, the others have not read what came since."""
        await family(store, seed)
        for text, sender in (("one", "u-ada"), ("two", "u-bob"), ("three", "u-ada")):
            await store.add_message(message(text, sender_id=sender))

        assert await self.unread(store) == {"u-ada": 0, "u-bob": 1, "u-carl": 3}

    async def test_reading_up_to_a_number(self, store: Store, seed: Seed) -> None:
        """The rest is unread, and the count of it returned; nobody else has read anything."""
        await self.chat(store, seed, 5)

        left = await store.read_messages("s1", "u-bob", 3)

        assert left == 2
        assert await self.unread(store) == {"u-ada": 0, "u-bob": 2, "u-carl": 5}
        assert await store.member("s1", "u-bob") == member("u-bob", joined_at=NOW + 1, read_sequence=3)

    async def test_reading_all(self, store: Store, seed: Seed) -> None:
        """None is everything that there is now."""
        await self.chat(store, seed, 5)

        left = await store.read_messages("s1", "u-bob", None)

        assert left == 0
        assert (await self.unread(store))["u-bob"] == 0
        await store.add_message(message("new"))
        assert (await self.unread(store))["u-bob"] == 1

    @pytest.mark.parametrize("up_to", [2, 0, -1, 3])
    async def test_never_back(self, store: Store, seed: Seed, up_to: int) -> None:
        """What was read once stays read."""
        await self.chat(store, seed, 5)
        await store.read_messages("s1", "u-bob", 3)

        left = await store.read_messages("s1", "u-bob", up_to)

        assert left == 2
        assert (await self.unread(store))["u-bob"] == 2

    @pytest.mark.parametrize("up_to", [6, 1_000_000, (1 << 53) - 1])
    async def test_not_ahead(self, store: Store, seed: Seed, up_to: int) -> None:
        """What is not said yet cannot be read."""
        await self.chat(store, seed, 5)

        left = await store.read_messages("s1", "u-bob", up_to)

        await store.add_message(message("new"))
        assert left == 0
        assert (await self.unread(store))["u-bob"] == 1

    async def test_an_empty_chat(self, store: Store, seed: Seed) -> None:
        """There is nothing to read."""
        await family(store, seed)

        left = [await store.read_messages("s1", "u-bob", up_to) for up_to in (None, 0, 7)]

        assert left == [0, 0, 0]
        assert await self.unread(store) == {"u-ada": 0, "u-bob": 0, "u-carl": 0}

    @pytest.mark.parametrize(("session_id", "user_id"), [("s1", "u-dora"), ("s-none", "u-bob"), ("s-none", "u-dora")])
    async def test_not_found(self, store: Store, seed: Seed, session_id: str, user_id: str) -> None:
        """Who is no member has nothing to read."""
        await self.chat(store, seed, 2)

        with pytest.raises(NotFound):
            await store.read_messages(session_id, user_id, None)

        assert await store.member(session_id, user_id) is None

    async def test_what_was_said_before_he_came(self, store: Store, seed: Seed) -> None:
        """It counts as read, also for one who was there before and left."""
        await self.chat(store, seed, 3)
        await store.leave("s1", "u-bob")

        joined = [await store.join(member(user_id), MANY) for user_id in ("u-bob", "u-dora")]

        assert [one.read_sequence for one in joined] == [3, 3]
        await store.add_message(message("new"))
        assert [await store.read_messages("s1", user_id, 0) for user_id in ("u-bob", "u-dora")] == [1, 1]

    async def test_joining_again_reads_nothing(self, store: Store, seed: Seed) -> None:
        """Following the link a second time does not mark the chat as read."""
        await self.chat(store, seed, 3)

        again = await store.join(member("u-bob"), MANY)

        assert again.read_sequence == 0
        assert (await self.unread(store))["u-bob"] == 3

    async def test_a_message_that_is_sent_again(self, store: Store, seed: Seed) -> None:
        """It is passed over, and what came since is as unread as it was."""
        await family(store, seed)
        first = await store.add_message(message("one", sender_id="u-bob"))
        await store.add_message(message("two", sender_id="u-ada"))

        again = await store.add_message(message("one", sender_id="u-bob"))

        assert again == first
        assert await self.unread(store) == {"u-ada": 0, "u-bob": 1, "u-carl": 2}

    async def test_per_session(self, store: Store, seed: Seed) -> None:
        """What was read here is not read there; each is listed with its count."""
        await family(store, seed, "s1")
        await family(store, seed, "s2")
        for text in ("one", "two"):
            await store.add_message(message(text, "s1"))
        await store.add_message(message("uno", "s2"))
        await store.read_messages("s1", "u-bob", 1)

        listed = await store.sessions_of("u-bob", None, MANY)

        assert listed == [
            SessionListing(session("s2"), member("u-bob", "s2", joined_at=NOW + 1), 1),
            SessionListing(session("s1"), member("u-bob", "s1", joined_at=NOW + 1, read_sequence=1), 1),
        ]

    async def test_pages_have_counts(self, store: Store, seed: Seed) -> None:
        """Also the second."""
        for number in range(4):
            await family(store, seed, f"s{number}")
            for text in range(number):
                await store.add_message(message(f"{text}", f"s{number}"))

        first = await store.sessions_of("u-bob", None, 2)
        second = await store.sessions_of("u-bob", (NOW, "s2"), 2)

        assert [(one.session.id, one.unread) for one in first + second] == [("s3", 3), ("s2", 2), ("s1", 1), ("s0", 0)]

    async def test_fifty_at_once(self, store: Store, seed: Seed) -> None:
        """Two people who talk have read all up to their own last message."""
        await family(store, seed)

        added = await asyncio.gather(
            *(store.add_message(message(f"{n}", sender_id=f"u-{NAMES[n % 2]}")) for n in range(50))
        )

        newest = {name: max(one.sequence for one in added if one.sender_id == f"u-{name}") for name in NAMES[:2]}
        assert await self.unread(store) == {"u-ada": 50 - newest["ada"], "u-bob": 50 - newest["bob"], "u-carl": 50}

    async def test_readers_at_once(self, store: Store, seed: Seed) -> None:
        """The farthest counts, in whatever order they come."""
        await self.chat(store, seed, 20)

        await asyncio.gather(*(store.read_messages("s1", "u-bob", (n * 7) % 18) for n in range(18)))

        assert (await self.unread(store))["u-bob"] == 3

    async def test_a_stranger_s_message(self, store: Store, seed: Seed) -> None:
        """Who is no member may be a sender, and is none by it."""
        await family(store, seed)

        await store.add_message(message("one", sender_id="u-dora"))

        assert await store.member("s1", "u-dora") is None
        assert await self.unread(store) == {"u-ada": 1, "u-bob": 1, "u-carl": 1}

    async def chat(self, store: Store, seed: Seed, count: int) -> None:
        """A session in which u-ada has said something so many times."""
        await family(store, seed)
        for number in range(1, count + 1):
            await store.add_message(message(f"text {number}"))

    async def unread(self, store: Store) -> dict[str, int]:
        """What each member has not read, as their lists say; `read_messages` says the same."""
        listed = {f"u-{name}": await store.sessions_of(f"u-{name}", None, MANY) for name in NAMES}
        counts = {user_id: one[0].unread for user_id, one in listed.items()}
        assert counts == {user_id: await store.read_messages("s1", user_id, 0) for user_id in counts}
        return counts


class TestMembersOf:
    async def test_of_several(self, store: Store, seed: Seed) -> None:
        """Each with its own, the eldest first, without those removed."""
        for session_id in ("s1", "s2", "s3"):
            await family(store, seed, session_id)
        await store.remove_member("s2", "u-bob")
        await store.leave("s3", "u-carl")

        found = await store.members_of(["s3", "s1", "s2", "s1"])

        assert dict(found) == {session_id: await store.members(session_id) for session_id in ("s1", "s2", "s3")}
        assert [one.user_id for one in found["s1"]] == ["u-ada", "u-bob", "u-carl"]
        assert [one.user_id for one in found["s2"]] == ["u-ada", "u-carl"]
        assert [one.user_id for one in found["s3"]] == ["u-ada", "u-bob"]

    async def test_of_none(self, store: Store, seed: Seed) -> None:
        """Nothing of nothing; a session that is not there has no members."""
        await family(store, seed)

        found = await store.members_of(["s-none", "s1"])

        assert dict(await store.members_of([])) == {}
        assert list(found.get("s-none", [])) == []
        assert len(found["s1"]) == 3

    async def test_any_iterable(self, store: Store, seed: Seed) -> None:
        """Also one that can be read only once."""
        await family(store, seed)

        found = await store.members_of(iter(["s1"]))

        assert dict(found) == {"s1": await store.members("s1")}

    async def test_many(self, store: Store, seed: Seed) -> None:
        """More than a statement may have parameters."""
        await family(store, seed)

        found = await store.members_of([*(f"s-{number}" for number in range(40_000)), "s1"])

        assert found["s1"] == await store.members("s1")
