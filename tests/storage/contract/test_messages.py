"""Tests of `SessionStore` on every store: the chat, and the messages that members have read."""

import asyncio

import pytest

from storage.base import Store
from storage.errors import NotFound
from storage.records import (
    SessionListing,
)
from tests.storage.rows import (
    HOUR,
    MANY,
    NAMES,
    NOW,
    Seed,
    family,
    member,
    message,
    odd_text,
    session,
)


class TestMessages:
    async def test_message_number_is_given_by_store(self, store: Store, seed: Seed) -> None:
        """Numbers count from 1, and the caller's number is ignored."""
        await seed.session()

        first = await store.add_message(message("one", sequence=77))
        second = await store.add_message(message("two", created_at=NOW + 1))

        assert first == message("one", sequence=1)
        assert second == message("two", sequence=2, created_at=NOW + 1)
        assert await store.messages("s1", None, MANY) == [first, second]

    async def test_message_numbers_of_sessions_are_separate(self, store: Store, seed: Seed) -> None:
        """A message in one session does not count in another session."""
        await seed.session("s1")
        await seed.session("s2")
        await store.add_message(message("one", "s1"))

        added = await store.add_message(message("uno", "s2"))

        assert added.sequence == 1
        assert await store.messages("s2", None, MANY) == [added]

    async def test_message_numbers_of_fifty_concurrent_messages_have_no_gaps(
        self, store: Store, seed: Seed
    ) -> None:
        """Numbers have no gaps or duplicates, and each call returns its message's number."""
        await seed.session()

        added = await asyncio.gather(
            *(store.add_message(message(f"text {number}")) for number in range(50))
        )

        assert sorted(message.sequence for message in added) == list(range(1, 51))
        assert await store.messages("s1", None, MANY) == sorted(
            added, key=lambda message: message.sequence
        )

    async def test_messages_are_sorted_by_number_not_time(self, store: Store, seed: Seed) -> None:
        """Equal times and a clock that ran backwards do not change the order of messages."""
        await seed.session()
        for text, created_at in (("one", NOW), ("two", NOW), ("three", NOW - HOUR), ("four", NOW)):
            await store.add_message(message(text, created_at=created_at))

        lists = [
            [message.text for message in await store.messages("s1", None, MANY)] for _ in range(2)
        ]

        assert lists == [["one", "two", "three", "four"]] * 2

    async def test_messages_of_unknown_session_are_refused_or_empty(self, store: Store) -> None:
        """An unknown session refuses a message, and has no messages."""
        with pytest.raises(NotFound):
            await store.add_message(message())

        assert await store.messages("s1", None, MANY) == []

    @pytest.mark.parametrize(
        ("before", "limit", "expected"),
        [
            (None, 3, [8, 9, 10]),
            (8, 3, [5, 6, 7]),
            (5, 10, [1, 2, 3, 4]),
            (2, 3, [1]),
            (1, 3, []),
            (0, 3, []),
            (100, 2, [9, 10]),
            (None, 10, list(range(1, 11))),
        ],
    )
    async def test_messages_are_paged_backwards_oldest_first(
        self, store: Store, seed: Seed, before: int | None, limit: int, expected: list[int]
    ) -> None:
        """A page has the newest messages below `before`, oldest first."""
        await seed.session()
        for number in range(1, 11):
            await store.add_message(message(f"text {number}"))

        messages = await store.messages("s1", before, limit)

        assert [row.sequence for row in messages] == expected

    @odd_text
    async def test_message_with_unusual_text_comes_back_as_stored(
        self, store: Store, seed: Seed, text: str
    ) -> None:
        """Text and names come back character by character."""
        await seed.session()

        added = await store.add_message(message(text, sender_name=text))

        assert await store.messages("s1", None, 1) == [added]
        assert added.text == text

    async def test_message_of_one_megabyte_is_not_cut(self, store: Store, seed: Seed) -> None:
        """A large message is not cut."""
        await seed.session()

        added = await store.add_message(message("ä" * (1 << 19)))

        assert await store.messages("s1", None, 1) == [added]


class TestReading:
    async def test_message_is_unread_for_others_and_read_for_sender(
        self, store: Store, seed: Seed
    ) -> None:
        """A sender has read all messages up to their own, and other members have not."""
        await family(store, seed)
        for text, sender in (("one", "u-ada"), ("two", "u-bob"), ("three", "u-ada")):
            await store.add_message(message(text, sender_id=sender))

        assert await self.unread(store) == {"u-ada": 0, "u-bob": 1, "u-carl": 3}

    async def test_mark_read_up_to_number_returns_count_of_unread(
        self, store: Store, seed: Seed
    ) -> None:
        """The number of unread messages is returned, and other members' numbers stay."""
        await self.chat(store, seed, 5)

        left = await store.read_messages("s1", "u-bob", 3)

        assert left == 2
        assert await self.unread(store) == {"u-ada": 0, "u-bob": 2, "u-carl": 5}
        assert await store.member("s1", "u-bob") == member(
            "u-bob", joined_at=NOW + 1, read_sequence=3
        )

    async def test_mark_read_without_number_reads_all(self, store: Store, seed: Seed) -> None:
        """A call with None marks all present messages as read, and no later message."""
        await self.chat(store, seed, 5)

        left = await store.read_messages("s1", "u-bob", None)

        assert left == 0
        assert (await self.unread(store))["u-bob"] == 0
        await store.add_message(message("new"))
        assert (await self.unread(store))["u-bob"] == 1

    @pytest.mark.parametrize("up_to", [2, 0, -1, 3])
    async def test_mark_read_of_lower_number_changes_nothing(
        self, store: Store, seed: Seed, up_to: int
    ) -> None:
        """Messages that were read stay read."""
        await self.chat(store, seed, 5)
        await store.read_messages("s1", "u-bob", 3)

        left = await store.read_messages("s1", "u-bob", up_to)

        assert left == 2
        assert (await self.unread(store))["u-bob"] == 2

    @pytest.mark.parametrize("up_to", [6, 1_000_000, (1 << 53) - 1])
    async def test_mark_read_beyond_last_message_stops_at_last_message(
        self, store: Store, seed: Seed, up_to: int
    ) -> None:
        """Messages that are not sent yet cannot be marked as read."""
        await self.chat(store, seed, 5)

        left = await store.read_messages("s1", "u-bob", up_to)

        await store.add_message(message("new"))
        assert left == 0
        assert (await self.unread(store))["u-bob"] == 1

    async def test_mark_read_of_empty_chat_leaves_nothing_unread(
        self, store: Store, seed: Seed
    ) -> None:
        """An empty chat has no unread messages."""
        await family(store, seed)

        left = [await store.read_messages("s1", "u-bob", up_to) for up_to in (None, 0, 7)]

        assert left == [0, 0, 0]
        assert await self.unread(store) == {"u-ada": 0, "u-bob": 0, "u-carl": 0}

    @pytest.mark.parametrize(
        ("session_id", "user_id"), [("s1", "u-dora"), ("s-none", "u-bob"), ("s-none", "u-dora")]
    )
    async def test_mark_read_by_non_member_is_not_found(
        self, store: Store, seed: Seed, session_id: str, user_id: str
    ) -> None:
        """A user who is not a member has no messages to read."""
        await self.chat(store, seed, 2)

        with pytest.raises(NotFound):
            await store.read_messages(session_id, user_id, None)

        assert await store.member(session_id, user_id) is None

    async def test_join_marks_earlier_messages_as_read(self, store: Store, seed: Seed) -> None:
        """Earlier messages count as read, even for a user who was a member before and left."""
        await self.chat(store, seed, 3)
        await store.leave("s1", "u-bob")

        joined = [await store.join(member(user_id), MANY) for user_id in ("u-bob", "u-dora")]

        assert [row.read_sequence for row in joined] == [3, 3]
        await store.add_message(message("new"))
        assert [await store.read_messages("s1", user_id, 0) for user_id in ("u-bob", "u-dora")] == [
            1,
            1,
        ]

    async def test_join_repeated_leaves_messages_unread(self, store: Store, seed: Seed) -> None:
        """Following the link a second time does not mark the chat as read."""
        await self.chat(store, seed, 3)

        again = await store.join(member("u-bob"), MANY)

        assert again.read_sequence == 0
        assert (await self.unread(store))["u-bob"] == 3

    async def test_message_sent_again_leaves_unread_count_unchanged(
        self, store: Store, seed: Seed
    ) -> None:
        """A repeated message is passed over, and later messages stay unread."""
        await family(store, seed)
        first = await store.add_message(message("one", sender_id="u-bob"))
        await store.add_message(message("two", sender_id="u-ada"))

        again = await store.add_message(message("one", sender_id="u-bob"))

        assert again == first
        assert await self.unread(store) == {"u-ada": 0, "u-bob": 1, "u-carl": 2}

    async def test_unread_counts_of_sessions_are_separate(self, store: Store, seed: Seed) -> None:
        """Reading in one session changes no other session's count, and lists show each count."""
        await family(store, seed, "s1")
        await family(store, seed, "s2")
        for text in ("one", "two"):
            await store.add_message(message(text, "s1"))
        await store.add_message(message("uno", "s2"))
        await store.read_messages("s1", "u-bob", 1)

        listed = await store.sessions_of("u-bob", None, MANY)

        assert listed == [
            SessionListing(session("s2"), member("u-bob", "s2", joined_at=NOW + 1), 1),
            SessionListing(
                session("s1"), member("u-bob", "s1", joined_at=NOW + 1, read_sequence=1), 1
            ),
        ]

    async def test_unread_counts_are_on_every_page(self, store: Store, seed: Seed) -> None:
        """The second page has unread counts, too."""
        for number in range(4):
            await family(store, seed, f"s{number}")
            for text in range(number):
                await store.add_message(message(f"{text}", f"s{number}"))

        first = await store.sessions_of("u-bob", None, 2)
        second = await store.sessions_of("u-bob", (NOW, "s2"), 2)

        assert [(listing.session.id, listing.unread) for listing in first + second] == [
            ("s3", 3),
            ("s2", 2),
            ("s1", 1),
            ("s0", 0),
        ]

    async def test_unread_counts_after_fifty_concurrent_messages_begin_at_own_last_message(
        self, store: Store, seed: Seed
    ) -> None:
        """Two members who talk have each read all messages up to their own last message."""
        await family(store, seed)

        added = await asyncio.gather(
            *(store.add_message(message(f"{n}", sender_id=f"u-{NAMES[n % 2]}")) for n in range(50))
        )

        newest = {
            name: max(message.sequence for message in added if message.sender_id == f"u-{name}")
            for name in NAMES[:2]
        }
        assert await self.unread(store) == {
            "u-ada": 50 - newest["ada"],
            "u-bob": 50 - newest["bob"],
            "u-carl": 50,
        }

    async def test_mark_read_by_concurrent_calls_keeps_highest_number(
        self, store: Store, seed: Seed
    ) -> None:
        """The highest number counts, in any order of the calls."""
        await self.chat(store, seed, 20)

        await asyncio.gather(*(store.read_messages("s1", "u-bob", (n * 7) % 18) for n in range(18)))

        assert (await self.unread(store))["u-bob"] == 3

    async def test_message_of_non_member_makes_no_membership(
        self, store: Store, seed: Seed
    ) -> None:
        """A sender who is not a member does not become a member."""
        await family(store, seed)

        await store.add_message(message("one", sender_id="u-dora"))

        assert await store.member("s1", "u-dora") is None
        assert await self.unread(store) == {"u-ada": 1, "u-bob": 1, "u-carl": 1}

    async def chat(self, store: Store, seed: Seed, count: int) -> None:
        """Make a session in which u-ada has sent `count` messages."""
        await family(store, seed)
        for number in range(1, count + 1):
            await store.add_message(message(f"text {number}"))

    async def unread(self, store: Store) -> dict[str, int]:
        """Return each member's unread count.

        Check that lists and `read_messages` give the same count.
        """
        listed = {f"u-{name}": await store.sessions_of(f"u-{name}", None, MANY) for name in NAMES}
        counts = {user_id: listing[0].unread for user_id, listing in listed.items()}
        assert counts == {
            user_id: await store.read_messages("s1", user_id, 0) for user_id in counts
        }
        return counts
