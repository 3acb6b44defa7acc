"""Tests of `RoomStore` on every store: log, packed chunks and checkpoints."""

import asyncio
from typing import Any

import pytest

from storage.base import Store
from storage.errors import LogConflict, NotFound
from tests.storage.rows import (
    HOUR,
    MANY,
    NOW,
    Seed,
    checkpoint,
    chunk,
    session,
)


class TestLog:
    async def test_append_keeps_order_and_bytes_of_chunks(self, store: Store, seed: Seed) -> None:
        """Chunks come back in order, with any bytes as their data."""
        await seed.session()
        every_byte = chunk(1, 1, bytes(range(256)))
        empty = chunk(2, 9, b"", created_at=NOW + 1)

        gone = await store.append_chunks([every_byte, empty])

        assert gone == set()
        chunks = await store.chunks("s1", 0, MANY)
        assert chunks == [every_byte, empty]
        assert type(chunks[0].data) is bytes

    async def test_append_of_no_chunks_succeeds(self, store: Store) -> None:
        """A call without chunks succeeds."""
        assert await store.append_chunks([]) == set()

    async def test_append_accepts_any_iterable(self, store: Store, seed: Seed) -> None:
        """Chunks may come from an iterable that is readable only once."""
        await seed.session()

        await store.append_chunks(chunk(number, number) for number in (1, 2, 3))

        assert [chunk.first for chunk in await store.chunks("s1", 0, MANY)] == [1, 2, 3]

    async def test_append_for_many_sessions_continues_each_log(
        self, store: Store, seed: Seed
    ) -> None:
        """The log of each session continues on its own."""
        await seed.session("s1", first=chunk(1, 4))
        await seed.session("s2")

        await store.append_chunks(
            [chunk(1, 1, session_id="s2"), chunk(5, 5), chunk(2, 3, session_id="s2")]
        )

        assert [(chunk.first, chunk.last) for chunk in await store.chunks("s1", 0, MANY)] == [
            (1, 4),
            (5, 5),
        ]
        assert [(chunk.first, chunk.last) for chunk in await store.chunks("s2", 0, MANY)] == [
            (1, 1),
            (2, 3),
        ]

    async def test_append_repeated_changes_nothing(self, store: Store, seed: Seed) -> None:
        """Chunks that are appended again are passed over."""
        await seed.session("s1")
        await seed.session("s2")
        chunks = [chunk(1, 3), chunk(4, 4), chunk(1, 2, session_id="s2")]
        await store.append_chunks(chunks)

        gone = await store.append_chunks(chunks)

        assert gone == set()
        assert await store.chunks("s1", 0, MANY) == chunks[:2]
        assert await store.chunks("s2", 0, MANY) == chunks[2:]

    async def test_append_of_older_chunk_again_changes_nothing(
        self, store: Store, seed: Seed
    ) -> None:
        """A repeated chunk is passed over, even if other chunks have come after it."""
        await seed.session()
        chunks = [chunk(1, 3), chunk(4, 4), chunk(5, 9)]
        await store.append_chunks(chunks)

        await store.append_chunks([chunks[1]])

        assert await store.chunks("s1", 0, MANY) == chunks

    async def test_append_of_old_and_new_chunk_adds_only_the_new_chunk(
        self, store: Store, seed: Seed
    ) -> None:
        """A call with an old and a new chunk appends only the new chunk."""
        await seed.session()
        await store.append_chunks([chunk(1, 3)])

        await store.append_chunks([chunk(1, 3), chunk(4, 6)])

        assert await store.chunks("s1", 0, MANY) == [chunk(1, 3), chunk(4, 6)]

    async def test_append_of_same_chunk_twice_in_one_call_stores_it_once(
        self, store: Store, seed: Seed
    ) -> None:
        """A chunk that is twice in one call is stored once."""
        await seed.session()

        await store.append_chunks([chunk(1, 3), chunk(1, 3), chunk(4, 4)])

        assert await store.chunks("s1", 0, MANY) == [chunk(1, 3), chunk(4, 4)]

    @pytest.mark.parametrize(
        "wrong",
        [
            pytest.param(chunk(8, 9), id="hole"),
            pytest.param(chunk(0, 0), id="before the start"),
            pytest.param(chunk(6, 8), id="overlaps the end"),
            pytest.param(chunk(2, 3), id="inside a chunk"),
            pytest.param(chunk(1, 6), id="two chunks as one"),
            pytest.param(chunk(4, 5, b"s1 4-6"), id="another end"),
            pytest.param(chunk(4, 8, b"s1 4-6"), id="another end beyond"),
            pytest.param(chunk(4, 6, b"other"), id="other data at the end"),
            pytest.param(chunk(1, 3, b"other"), id="other data at the start"),
        ],
    )
    @pytest.mark.parametrize("is_first", [True, False], ids=["first", "last"])
    async def test_append_with_gap_is_conflict_and_writes_nothing(
        self, store: Store, seed: Seed, wrong: Any, *, is_first: bool
    ) -> None:
        """A chunk that does not fit is a conflict, and nothing of the whole call is written."""
        await seed.session("s1")
        await seed.session("s2")
        log = [chunk(1, 3), chunk(4, 6)]
        await store.append_chunks(log)
        fitting = chunk(1, 1, session_id="s2", created_at=NOW + HOUR)

        with pytest.raises(LogConflict):
            await store.append_chunks([wrong, fitting] if is_first else [fitting, wrong])

        assert await store.chunks("s1", 0, MANY) == log
        assert await store.chunks("s2", 0, MANY) == []
        assert await store.session("s2") == session("s2")

    async def test_append_with_gap_does_not_write_earlier_chunk_of_same_session(
        self, store: Store, seed: Seed
    ) -> None:
        """A fitting chunk before a hole is not stored either."""
        await seed.session()

        with pytest.raises(LogConflict):
            await store.append_chunks([chunk(1, 1), chunk(3, 3)])

        assert await store.chunks("s1", 0, MANY) == []

    async def test_append_to_empty_log_must_start_at_one(self, store: Store, seed: Seed) -> None:
        """A first chunk that does not start at 1 would leave a hole."""
        await seed.session()

        with pytest.raises(LogConflict):
            await store.append_chunks([chunk(2, 2)])

    async def test_append_to_deleted_sessions_returns_ids_and_writes_others(
        self, store: Store, seed: Seed
    ) -> None:
        """The ids of the deleted sessions are returned, and the other chunks are written."""
        await seed.session("s1")
        await seed.session("s2")
        await store.delete_session("s2")

        gone = await store.append_chunks(
            [
                chunk(5, 5, session_id="s2"),
                chunk(1, 1),
                chunk(6, 6, session_id="s2"),
                chunk(1, 1, session_id="s3"),
            ]
        )

        assert gone == {"s2", "s3"}
        assert await store.chunks("s1", 0, MANY) == [chunk(1, 1)]
        assert await store.chunks("s2", 0, MANY) == []
        assert await store.chunks("s3", 0, MANY) == []

    async def test_append_concurrent_at_one_position_succeeds_once(
        self, store: Store, seed: Seed
    ) -> None:
        """Only one of several writers can continue a log at one position."""
        await seed.session()

        results = await asyncio.gather(
            *(store.append_chunks([chunk(1, 1, b"%d" % number)]) for number in range(20)),
            return_exceptions=True,
        )

        assert results.count(set()) == 1
        assert sum(isinstance(result, LogConflict) for result in results) == 19
        assert len(await store.chunks("s1", 0, MANY)) == 1

    @pytest.mark.parametrize(
        ("after", "limit", "expected"),
        [
            (0, MANY, [1, 4, 5, 10]),
            (1, MANY, [1, 4, 5, 10]),
            (2, MANY, [1, 4, 5, 10]),
            (3, MANY, [4, 5, 10]),
            (4, MANY, [5, 10]),
            (7, MANY, [5, 10]),
            (9, MANY, [10]),
            (10, MANY, []),
            (99, MANY, []),
            (0, 2, [1, 4]),
            (7, 1, [5]),
        ],
    )
    async def test_chunks_after_position_start_with_chunk_that_contains_next_entry(
        self, store: Store, seed: Seed, after: int, limit: int, expected: list[int]
    ) -> None:
        """The result starts with the chunk that holds entry `after` + 1, even in its middle."""
        await seed.session()
        await store.append_chunks([chunk(1, 3), chunk(4, 4), chunk(5, 9), chunk(10, 10)])

        chunks = await store.chunks("s1", after, limit)

        assert [row.first for row in chunks] == expected

    async def test_chunks_paged_by_last_entry_return_each_chunk_once_in_number_order(
        self, store: Store, seed: Seed
    ) -> None:
        """Paging by the last entry gives each chunk once, ordered by number and not as text."""
        await seed.session()
        log = [chunk(number, number) for number in range(1, 121)]
        await store.append_chunks(log)

        seen = await store.chunks("s1", 0, 7)
        while page := await store.chunks("s1", seen[-1].last, 7):
            seen += page

        assert seen == log

    async def test_chunks_of_unknown_session_are_empty(self, store: Store) -> None:
        """An unknown session has no chunks."""
        assert await store.chunks("s-none", 0, MANY) == []

    async def test_chunk_of_four_megabytes_is_not_cut(self, store: Store, seed: Seed) -> None:
        """A large chunk is not cut."""
        await seed.session()
        large = chunk(1, 1, bytes(range(256)) * (4 << 12))

        await store.append_chunks([large])

        assert await store.chunks("s1", 0, MANY) == [large]


class TestPacking:
    async def test_chunk_spans_are_first_and_last_entries_in_order(
        self, store: Store, seed: Seed
    ) -> None:
        """A span has a chunk's first and last entry, and spans are in the order of numbers."""
        await seed.session("s1")
        await seed.session("s2")
        await store.append_chunks([chunk(number, number) for number in range(1, 12)])
        await store.append_chunks([chunk(12, 20), chunk(1, 3, session_id="s2")])

        assert await store.chunk_spans("s1") == [
            *((number, number) for number in range(1, 12)),
            (12, 20),
        ]
        assert await store.chunk_spans("s-none") == []

    @pytest.mark.parametrize(
        ("first", "last"), [(1, 3), (4, 9), (4, 5), (1, 12), (10, 12), (10, 10)]
    )
    async def test_replace_chunks_stores_one_chunk_instead_of_many(
        self, store: Store, seed: Seed, first: int, last: int
    ) -> None:
        """A packed chunk replaces the chunks that it covers, and the log goes on after it."""
        await seed.session("s1")
        await seed.session("s2")
        log = [chunk(1, 3), chunk(4, 4), chunk(5, 5), chunk(6, 9), chunk(10, 10), chunk(11, 12)]
        await store.append_chunks([*log, chunk(1, 12, session_id="s2")])
        packed = chunk(first, last, b"packed", created_at=NOW + 9)

        await store.replace_chunks(packed)
        await store.replace_chunks(packed)
        await store.append_chunks([chunk(13, 13)])

        others = [row for row in log if row.last < first or row.first > last]
        expected = sorted([*others, packed, chunk(13, 13)], key=lambda row: row.first)
        assert await store.chunks("s1", 0, MANY) == expected
        assert await store.chunk_spans("s1") == [(row.first, row.last) for row in expected]
        assert await store.chunks("s2", 0, MANY) == [chunk(1, 12, session_id="s2")]
        seen = await store.chunks("s1", 0, 2)
        while page := await store.chunks("s1", seen[-1].last, 2):
            seen += page
        assert seen == expected

    @pytest.mark.parametrize(("first", "last"), [(1, 2), (2, 3), (4, 6), (7, 8), (8, 9)])
    async def test_replace_chunks_with_inexact_range_changes_nothing(
        self, store: Store, seed: Seed, first: int, last: int
    ) -> None:
        """A chunk that cuts another chunk, or goes beyond the log, changes nothing."""
        await seed.session()
        log = [chunk(1, 3), chunk(4, 4), chunk(5, 7)]
        await store.append_chunks(log)

        with pytest.raises(LogConflict):
            await store.replace_chunks(chunk(first, last, b"packed"))
        assert await store.chunks("s1", 0, MANY) == log

    async def test_replace_chunks_of_unknown_session_is_not_found(self, store: Store) -> None:
        with pytest.raises(NotFound):
            await store.replace_chunks(chunk(1, 1, session_id="s-none"))

    async def test_replace_chunks_of_megabytes_keeps_every_byte(
        self, store: Store, seed: Seed
    ) -> None:
        """A chunk of megabytes is stored whole, and the replaced chunk leaves no bytes."""
        await seed.session()
        large = bytes(range(256)) * (1 << 16)
        await store.append_chunks([chunk(1, 1, large), chunk(2, 2)])

        for data in (large[::-1], b"small", large):
            await store.replace_chunks(chunk(1, 2, data))
            assert await store.chunks("s1", 0, MANY) == [chunk(1, 2, data)]


class TestCheckpoints:
    async def test_checkpoint_comes_back_as_stored(self, store: Store, seed: Seed) -> None:
        """Every byte of a checkpoint comes back."""
        await seed.session()
        put = checkpoint(3, state=bytes(range(256)), owners=b"")

        await store.put_checkpoint(put)

        stored_checkpoint = await store.checkpoint("s1")
        assert stored_checkpoint == put
        assert stored_checkpoint is not None
        assert type(stored_checkpoint.state) is bytes

    @pytest.mark.parametrize("session_id", ["s1", "s-none"])
    async def test_checkpoint_of_session_without_one_is_none(
        self, store: Store, seed: Seed, session_id: str
    ) -> None:
        """A session without a checkpoint, or an unknown session, has no checkpoint."""
        await seed.session()

        assert await store.checkpoint(session_id) is None

    @pytest.mark.parametrize("sequence", [3, 4, 100])
    async def test_checkpoint_of_same_or_newer_position_replaces_old_one(
        self, store: Store, seed: Seed, sequence: int
    ) -> None:
        """A newer checkpoint replaces the old one, and so does one of the same position.

        A checkpoint of the same position may have been packed again.
        """
        await seed.session()
        await store.put_checkpoint(checkpoint(3))
        newer = checkpoint(sequence, state=b"new", owners=b"too", created_at=NOW + 1)

        await store.put_checkpoint(newer)

        assert await store.checkpoint("s1") == newer

    async def test_checkpoint_of_older_position_is_ignored(self, store: Store, seed: Seed) -> None:
        """A checkpoint that comes late does not undo a newer one."""
        await seed.session()
        await store.put_checkpoint(checkpoint(3))

        await store.put_checkpoint(checkpoint(2, created_at=NOW + 1))

        assert await store.checkpoint("s1") == checkpoint(3)

    async def test_checkpoints_of_sessions_are_separate(self, store: Store, seed: Seed) -> None:
        """Each session has its own checkpoint."""
        await seed.session("s1")
        await seed.session("s2")
        await store.put_checkpoint(checkpoint(3, "s1"))

        await store.put_checkpoint(checkpoint(1, "s2"))

        assert await store.checkpoint("s1") == checkpoint(3, "s1")
        assert await store.checkpoint("s2") == checkpoint(1, "s2")

    async def test_checkpoint_for_deleted_session_is_not_kept(
        self, store: Store, seed: Seed
    ) -> None:
        """No checkpoint is stored for a deleted session."""
        await seed.session()
        await store.delete_session("s1")

        with pytest.raises(NotFound):
            await store.put_checkpoint(checkpoint())

        assert await store.checkpoint("s1") is None

    async def test_checkpoint_of_four_megabytes_is_not_cut(self, store: Store, seed: Seed) -> None:
        """A large document is not cut."""
        await seed.session()
        put = checkpoint(1, state=bytes(range(256)) * (4 << 12), owners=b"\xff" * (1 << 20))

        await store.put_checkpoint(put)

        assert await store.checkpoint("s1") == put
