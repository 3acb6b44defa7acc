"""Tests of the journal: updates that are taken but not saved yet."""

from crdt.log.codec import LogEntry, decode_chunk
from crdt.log.journal import Journal
from tests.crdt.harness import NOW


def entry(text: str) -> LogEntry:
    return LogEntry(NOW, "ada", text.encode())


def test_pending_chunks_are_numbered_without_gaps() -> None:
    """Each chunk holds the updates since the chunk before it, numbered without gaps."""
    journal = Journal("s", 10)
    assert (journal.is_saved, journal.next_chunk(NOW)) == (True, None)

    journal.add(entry("a"))
    journal.add(entry("bc"))
    first = journal.next_chunk(NOW)
    journal.add(entry("d"))
    again = journal.next_chunk(NOW)

    assert first is not None
    assert again is first, "not committed: offered again, unchanged"
    assert (first.first, first.last, journal.unsaved_bytes, journal.is_saved) == (11, 12, 4, False)
    journal.committed()
    assert (journal.saved_sequence, journal.unsaved_bytes, journal.is_saved) == (12, 1, False)
    second = journal.next_chunk(NOW)
    assert second is not None
    assert (second.first, [entry.update for entry in decode_chunk(second.data)]) == (13, [b"d"])
    journal.committed()
    assert (journal.is_saved, journal.unsaved_bytes) == (True, 0)
    journal.committed()
    assert journal.saved_sequence == 13
