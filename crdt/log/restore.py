"""Between rows and a room's memory: load a document from checkpoint and log, make checkpoints.

Plain functions that take long for large documents; `rooms` runs them in a thread. Every byte
string from the store passes its checksum and the scan before pycrdt gets it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from crdt.document.merging import EMPTY, check, merge, verify
from crdt.document.struct_index import StructIndex
from crdt.errors import Gap, ProtocolError, RoomDamaged
from crdt.log import authorship, codec
from crdt.log.authorship import Authorship
from crdt.wire.compact import squash
from crdt.wire.content import STORED_LIMITS
from crdt.wire.update_parser import parse
from storage.records import Checkpoint, Chunk


@dataclass(slots=True)
class RestoredDocument:
    """A document as the store has it.

    state         merged and squashed updates
    sequence      log position it stands at
    authorship    who brought its structs; only part of it where summaries were read
    contributors  {user id: last log position} of entries after `since`
    edited_at     (first, last) time of those entries in ms, or None
    has_authors   the checkpoint says who brought its structs; else the log from its beginning does
    """

    state: bytes = EMPTY
    index: StructIndex = field(default_factory=StructIndex)
    authorship: Authorship = field(default_factory=Authorship)
    sequence: int = 0
    contributors: dict[str, int] = field(default_factory=dict)
    edited_at: tuple[int, int] | None = None
    has_authors: bool = True


def restore(
    checkpoint: Checkpoint | None,
    chunks: Iterable[Chunk],
    since: int = 0,
    until: int | None = None,
    *,
    reads_summaries: bool = False,
) -> RestoredDocument:
    """Load a document; raises RoomDamaged if a row fails its checksum, the scan, or the order of the log.

    chunks  in order; must continue the checkpoint, may begin before it
    since   log position of the newest version
    until   the log position up to which it is wanted, None for all there is
    reads_summaries  take packed parts of the log as a whole: enough to look at, but owners, authors and
                     contributors are not known then
    """
    restored = RestoredDocument()
    try:
        if checkpoint:
            _load_checkpoint(restored, checkpoint)
        updates = [restored.state]
        for chunk in chunks:
            if until is not None and chunk.first > until:
                break
            whole = codec.decode_summary(chunk.data) if reads_summaries and _is_next(restored, chunk, until) else None
            if whole:
                _load_summary(restored, chunk, whole, updates)
            else:
                _load_chunk(restored, chunk, updates, since, until)
        if len(updates) > 1:
            restored.state = squash(merge(updates))
        check(restored.state)
    except (ProtocolError, Gap) as error:
        raise RoomDamaged(f"a stored update does not pass the scan: {error}") from error
    return restored


def _load_checkpoint(restored: RestoredDocument, checkpoint: Checkpoint) -> None:
    restored.state = codec.without_checksum(checkpoint.state)
    restored.sequence = checkpoint.sequence
    restored.index.owners, times = authorship.decode(checkpoint.owners)
    restored.has_authors = times is not None
    restored.authorship = times or Authorship()
    _commit_whole(restored.index, restored.state)


def _commit_whole(index: StructIndex, update: bytes) -> None:
    """Take in an update of many people; it is nobody's."""
    parsed = parse(update, STORED_LIMITS)
    index.take_stored(parsed, "", is_unclaimed=True)


def _is_next(restored: RestoredDocument, chunk: Chunk, until: int | None) -> bool:
    return chunk.first == restored.sequence + 1 and (until is None or chunk.last <= until)


def _load_summary(restored: RestoredDocument, chunk: Chunk, whole: bytes, updates: list[bytes]) -> None:
    _commit_whole(restored.index, whole)
    restored.sequence = chunk.last
    updates.append(whole)


def _load_chunk(restored: RestoredDocument, chunk: Chunk, updates: list[bytes], since: int, until: int | None) -> None:
    entries = codec.decode_chunk(chunk.data)
    if chunk.last - chunk.first + 1 != len(entries) or chunk.first > restored.sequence + 1:
        raise RoomDamaged("the log has a hole")
    index = restored.index
    for sequence, entry in enumerate(entries, chunk.first):
        if until is not None and sequence > until:
            break
        if sequence > since:
            restored.contributors[entry.author] = sequence
            first, _ = restored.edited_at or (entry.at, entry.at)
            restored.edited_at = (first, entry.at)
        if sequence <= restored.sequence and restored.has_authors:
            continue
        parsed = parse(entry.update, STORED_LIMITS)
        restored.authorship.note(parsed, entry.at, entry.author)
        if sequence <= restored.sequence:
            continue
        index.take_stored(parsed, entry.author, is_unclaimed=entry.has_foreign_structs)
        restored.sequence = sequence
        updates.append(entry.update)


def make_checkpoint(
    session_id: str, sequence: int, state: bytes, clocks: dict[int, int], owners: bytes, now: int
) -> tuple[Checkpoint, bytes]:
    """Return (checkpoint, squashed state) after loading the state into a fresh document.

    owners  as `crdt.log.authorship` packs them

    Raises RoomDamaged if it does not know exactly the structs that the room knows.
    """
    squashed = squash(state)
    parsed = parse(squashed, STORED_LIMITS)
    if {client: after for client, (_, after) in parsed.spans.items()} != clocks:
        raise RoomDamaged("the squashed state lacks structs")
    verify(squashed, clocks)
    checkpoint = Checkpoint(session_id, sequence, codec.with_checksum(squashed), owners, now)
    return checkpoint, squashed
