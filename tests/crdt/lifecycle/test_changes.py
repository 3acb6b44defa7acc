"""Reads that no change slips into."""

from crdt.lifecycle.changes import Changes


async def test_read_without_changes_reads_once() -> None:
    changes, reads = Changes(), []

    async def read() -> int:
        reads.append(changes.count)
        return len(reads)

    assert await changes.read(read) == 1


async def test_read_with_concurrent_change_reads_again() -> None:
    """Until the answer is newer than every change."""
    changes, reads = Changes(), []

    async def read() -> int:
        reads.append(changes.count)
        if len(reads) < 3:
            changes.note()
        return len(reads)

    assert await changes.read(read) == 3
    assert reads == [0, 1, 2]
