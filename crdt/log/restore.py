"""Loads a document from stored rows: a checkpoint, and the log.

Loading takes long for large documents, so it is not done on the event loop. Every
byte string from the store passes its checksum and the scan before pycrdt gets it.

See docs/design/storage.md.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from crdt.document.merging import EMPTY, merge
from crdt.document.traits import Traits, inspect
from crdt.document.work import are_slow, count_cuts
from crdt.errors import Gap, ProtocolError, RoomDamaged
from crdt.log import authorship, codec
from crdt.log.authorship import Authorship
from crdt.log.codec import LogEntry
from crdt.structs.struct_index import StructIndex
from crdt.wire import raw_merge
from crdt.wire.compact import Squasher
from crdt.wire.content import STORED_LIMITS
from crdt.wire.parsed_update import VALUES, Parsed
from crdt.wire.update_parser import parse
from storage.records import Checkpoint, Chunk


@dataclass(slots=True)
class RestoredDocument:
    """A document as the store has it.

    state         merged and squashed updates
    traits        the properties of the state that `Document` has to know
    sequence      log position of the state
    authorship    who brought its structs; incomplete if summaries were read
    contributors  {user id: last log position} of entries after `since`
    edited_at     (first, last) time of those entries in ms, or None
    has_authors   the checkpoint has the authorship; otherwise it comes from the whole log
    """

    state: bytes = EMPTY
    traits: Traits = field(default_factory=Traits)
    index: StructIndex = field(default_factory=StructIndex)
    authorship: Authorship = field(default_factory=Authorship)
    sequence: int = 0
    contributors: dict[str, int] = field(default_factory=dict)
    edited_at: tuple[int, int] | None = None
    has_authors: bool = True


@dataclass(slots=True)
class Edits:
    """Who made the edits in a part of the log, and when; fields as in `RestoredDocument`."""

    contributors: dict[str, int] = field(default_factory=dict)
    edited_at: tuple[int, int] | None = None

    def note(self, entry: LogEntry, sequence: int) -> None:
        """Note an entry; entries must come in order."""
        self.contributors[entry.author] = sequence
        first, _ = self.edited_at or (entry.at, entry.at)
        self.edited_at = (first, entry.at)

    def read(self, chunks: Iterable[Chunk], since: int, until: int) -> None:
        """Note all entries after `since` and up to `until`; raises RoomDamaged as `restore`."""
        with _stored():
            for chunk in chunks:
                for sequence, entry in enumerate(_entries(chunk), chunk.first):
                    if since < sequence <= until:
                        self.note(entry, sequence)

    def put_before(self, document: RestoredDocument) -> None:
        """Add these edits to those of a document, which were made later."""
        document.contributors = {**self.contributors, **document.contributors}
        both = [*(self.edited_at or ()), *(document.edited_at or ())]
        document.edited_at = (both[0], both[-1]) if both else None


def restore(
    checkpoint: Checkpoint | None,
    chunks: Iterable[Chunk],
    since: int = 0,
    until: int | None = None,
    *,
    reads_summaries: bool = False,
    cpu_s: Callable[[], float] | None = float,
) -> RestoredDocument:
    """Load a document from a checkpoint and the log.

    chunks  in order; they must continue the checkpoint, and may begin before it
    since   log position of the newest version
    until   log position of the document to load; None for the whole log
    reads_summaries  take packed parts of the log as a whole: enough to show the document, but
                     owners, authors and contributors are then unknown
    cpu_s   see `crdt.document.work`; None does not test whether pycrdt can load the document

    Raises RoomDamaged if a row fails its checksum or the scan, or rows are missing in the log.
    """
    replay = LogReplay(
        checkpoint, since=since, until=until, reads_summaries=reads_summaries, cpu_s=cpu_s
    )
    for chunk in chunks:
        if until is not None and chunk.first > until:
            break
        replay.read(chunk)
    return replay.finish()


class LogReplay:
    """Puts a document together, chunk by chunk: `read` each chunk, then `finish`."""

    __slots__ = (
        "_cpu_s",
        "_cuts",
        "_document",
        "_edits",
        "_parsed",
        "_reads_summaries",
        "_since",
        "_until",
        "_updates",
    )

    def __init__(
        self,
        checkpoint: Checkpoint | None,
        *,
        since: int,
        until: int | None,
        reads_summaries: bool,
        cpu_s: Callable[[], float] | None = float,
    ) -> None:
        """Start from a checkpoint, or from nothing; arguments and errors as in `restore`."""
        self._since = since
        self._until = until
        self._reads_summaries = reads_summaries
        self._cpu_s = cpu_s
        self._document = RestoredDocument()
        self._edits = Edits()
        self._parsed: Parsed | None = None
        self._updates: list[bytes] = []
        self._cuts = 0  # places at which the updates read so far may cut structs
        if checkpoint:
            with _stored():
                self._start(checkpoint)

    def _start(self, checkpoint: Checkpoint) -> None:
        document = self._document
        document.state, document.sequence = (
            codec.without_checksum(checkpoint.state),
            checkpoint.sequence,
        )
        document.index.owners, times = authorship.decode(checkpoint.owners)
        document.has_authors = times is not None
        document.authorship = times or Authorship()
        # The structs get no owner here. The table of owners comes from the checkpoint, because a
        # merged state does not have its authors.
        self._parsed = self._take_merged(document.state)

    def read(self, chunk: Chunk) -> None:
        """Read the next chunk, entry by entry or as a whole."""
        with _stored():
            # Reading a packed row as a whole costs as much as its merged text, not its 4,096
            # entries. But it has no authors, so the entries are read for a room that is edited.
            summary = (
                codec.decode_summary(chunk.data)
                if self._reads_summaries and self._is_next(chunk)
                else None
            )
            if summary:
                self._take_merged(summary)
                self._document.sequence = chunk.last
            else:
                self._read_entries(chunk)

    def finish(self) -> RestoredDocument:
        """Merge all updates read, and return the document.

        If there is a clock, it tests whether pycrdt can load the document.
        """
        document = self._document
        self._edits.put_before(document)
        with _stored():
            parsed = self._merge()
            kinds, split_surrogates = document.index.kinds, document.index.split_surrogates
            document.traits = inspect(document.state, kinds, parsed, split_surrogates, self._cpu_s)
        return document

    def _merge(self) -> Parsed | None:
        """Merge all updates read into one state; return it parsed if it may need cuts."""
        document, index = self._document, self._document.index
        if not self._updates or (self._parsed and len(self._updates) == 1):
            return self._parsed
        # pycrdt's merge is faster, and exact for text. But it changes the bytes of values.
        merged = raw_merge.merge(self._updates) if index.kinds & VALUES else merge(self._updates)
        squasher = Squasher(merged, frozenset(), index.parents.is_in_sequence)
        document.state = squasher.run()
        return (
            parse(document.state, STORED_LIMITS) if are_slow(self._cuts, squasher.longest) else None
        )

    def _take_merged(self, update: bytes) -> Parsed:
        """Take an update that was merged from those of many users; return it parsed.

        Its client ids get no owner.
        """
        parsed = parse(update, STORED_LIMITS)
        self._document.index.take_stored(parsed, "", is_unclaimed=True)
        self._note(update, parsed)
        return parsed

    def _note(self, update: bytes, parsed: Parsed) -> None:
        self._updates.append(update)
        self._cuts += count_cuts(parsed)

    def _is_next(self, chunk: Chunk) -> bool:
        """Whether a chunk follows the document's position, and ends at or before `until`."""
        is_short = self._until is None or chunk.last <= self._until
        return chunk.first == self._document.sequence + 1 and is_short

    def _read_entries(self, chunk: Chunk) -> None:
        entries = _entries(chunk)
        if chunk.first > self._document.sequence + 1:
            raise RoomDamaged("the log has a hole")
        for sequence, entry in enumerate(entries, chunk.first):
            if self._until is not None and sequence > self._until:
                return
            if sequence > self._since:
                self._edits.note(entry, sequence)
            self._read_entry(entry, sequence)

    def _read_entry(self, entry: LogEntry, sequence: int) -> None:
        """Take an entry. If the checkpoint has it, note at most its author."""
        document = self._document
        is_in_checkpoint = sequence <= document.sequence
        # The log may begin before the checkpoint. Those entries are read only for their authors,
        # and only if the checkpoint is of a release that did not keep authors.
        if is_in_checkpoint and document.has_authors:
            return
        parsed = parse(entry.update, STORED_LIMITS)
        document.authorship.note(parsed, entry.at, entry.author)
        if is_in_checkpoint:
            return
        document.index.take_stored(parsed, entry.author, is_unclaimed=entry.has_foreign_structs)
        document.sequence = sequence
        self._note(entry.update, parsed)


def _entries(chunk: Chunk) -> list[LogEntry]:
    # Log positions are counted, not stored with each entry. So a missing row, or a row with an
    # entry too few, would shift the positions of all later entries.
    entries = codec.decode_chunk(chunk.data)
    if chunk.last - chunk.first + 1 != len(entries):
        raise RoomDamaged("the log has a hole")
    return entries


@contextmanager
def _stored() -> Iterator[None]:
    """Turn errors in stored bytes into RoomDamaged."""
    try:
        yield
    except (ProtocolError, Gap) as error:
        raise RoomDamaged(f"a stored update does not pass the scan: {error}") from error
