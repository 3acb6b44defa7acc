"""Makes checkpoints: documents at a log position, as few bytes that are quick to load.

These plain functions take long for large documents, so they are not called on the event loop.
`crdt.log.restore` loads a document from a checkpoint.

See docs/design/storage.md.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from crdt.document.merged_state import MergedState
from crdt.document.merging import verify
from crdt.document.raw_document import merge_text
from crdt.document.work import cut_copy, needs_cuts
from crdt.errors import RoomDamaged
from crdt.limits import MAX_DELETED_BYTES
from crdt.log import codec
from crdt.structs.garbage.author_bytes import bytes_by_author
from crdt.structs.garbage.deleted_content import collect
from crdt.structs.garbage.lost_structs import StructPlaces
from crdt.wire.compact import squash
from crdt.wire.content import STORED_LIMITS
from crdt.wire.parsed_update import VALUES
from crdt.wire.rewriting.readable import readable
from crdt.wire.update_parser import parse
from storage.records import Checkpoint


@dataclass(frozen=True, slots=True)
class DocumentState:
    """A document at a log position, to be stored as a checkpoint.

    state           merged updates
    clocks          {client: next clock} that the room knows
    owners          as `crdt.log.authorship` packs them
    has_values      see `Document`
    has_texts       pycrdt can load the document, and must be able to load the checkpoint
    is_in_sequence  see `squash`
    authors         {client: id of the user it belongs to}
    since           updates that came since, in order; empty for a document with values
    """

    sequence: int
    state: bytes
    clocks: dict[int, int]
    owners: bytes
    has_values: bool = False
    has_texts: bool = True
    is_in_sequence: Callable[[int], bool] | None = None
    authors: Mapping[int, str] = field(default_factory=dict)
    since: Sequence[bytes] = ()

    @property
    def parts(self) -> list[bytes]:
        """The updates that together are the document."""
        return [self.state, *self.since]


@dataclass(frozen=True, slots=True)
class NewCheckpoint:
    """A checkpoint, and the data that the room needs to continue from it.

    state         squashed, without deleted content if there was much of it
    merged        the sections of the state, if it has values
    author_bytes  {user id: bytes of the state that this user wrote}
    """

    checkpoint: Checkpoint
    state: bytes
    merged: MergedState | None
    author_bytes: Mapping[str, int]


def make_checkpoint(
    session_id: str,
    document: DocumentState,
    now: int,
    *,
    kept_bytes: int = MAX_DELETED_BYTES.default,
) -> NewCheckpoint:
    """Make a checkpoint of a document.

    kept_bytes  deleted content stays unless it has more bytes

    Raises RoomDamaged if the checkpoint does not have exactly the structs that the room knows,
    also after pycrdt has loaded it.
    """
    state = merge_text(document.parts) if document.since else document.state
    squashed = squash(state, is_in_sequence=document.is_in_sequence)
    parsed = parse(squashed, STORED_LIMITS)
    squashed, parsed = collect(squashed, parsed, kept_bytes, document.is_in_sequence)
    # Squashing and collecting must not lose a struct: the clocks must be those of the room.
    if {client: after for client, (_, after) in parsed.spans.items()} != document.clocks:
        raise RoomDamaged("the squashed state lacks structs")
    # The checkpoint is loaded before it is stored. The room is loaded from the newest checkpoint
    # instead of the log, so pycrdt must be able to load it. A document that pycrdt could not
    # load before is stored without that check: clients can edit it without texts on the server.
    if document.has_texts:
        copy = readable(squashed) if parsed.contents.kinds & VALUES else squashed
        verify(cut_copy(copy) if needs_cuts(parsed) else copy, document.clocks)
    checkpoint = Checkpoint(
        session_id, document.sequence, codec.with_checksum(squashed), document.owners, now
    )
    merged = MergedState(squashed, parsed) if document.has_values else None
    return NewCheckpoint(checkpoint, squashed, merged, bytes_by_author(parsed, document.authors))


def make_checkpoint_apart(
    session_id: str, document: DocumentState, now: int, kept_bytes: int
) -> NewCheckpoint:
    """Make a checkpoint in a worker process, which has no room; raises as `make_checkpoint`."""
    if document.has_values:
        parsed = parse(document.state, STORED_LIMITS)
        document = replace(document, is_in_sequence=StructPlaces(parsed).is_in_sequence)
    return make_checkpoint(session_id, document, now, kept_bytes=kept_bytes)
