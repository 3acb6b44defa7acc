"""The journal of a room: updates that it has accepted and the store does not have yet.

Updates get their log position here. One chunk at a time goes to the store, and the same chunk is
sent again until it is committed. So a store may refuse or fail, and no update is lost or stored
twice.

The invariant: each entry is in exactly one of three places. In order, these are the store (up to
`saved_sequence`), the chunk in flight, and the list of entries after it (up to `sequence`).

An example: positions 1 to 3 are in flight when 4 is typed. The commit fails. The next try sends a
chunk of equal bytes again, with 1 to 3 and without 4. If the first try did reach the store, it has
these bytes at these positions, and skips them. A chunk with 1 to 4 would be refused: other bytes
at a position mean that another program has written there.

See docs/design/storage.md.
"""

from typing import Final

from crdt.log import codec
from storage.records import Chunk

_UPDATE: Final = 2
"""The place of the update in `codec.Fields`."""


class Journal:
    """The unwritten end of one session's log.

    sequence        log position of the newest update
    saved_sequence  log position up to which the store has all updates
    unsaved_bytes   bytes of the updates between the two
    """

    __slots__ = (
        "_in_flight",
        "_session_id",
        "_unsaved",
        "saved_sequence",
        "sequence",
        "unsaved_bytes",
    )

    def __init__(self, session_id: str, sequence: int) -> None:
        self._session_id = session_id
        self.sequence = self.saved_sequence = sequence
        self.unsaved_bytes = 0
        self._unsaved: list[codec.Fields] = []
        self._in_flight: Chunk | None = None

    @property
    def is_saved(self) -> bool:
        """Whether the store has all updates."""
        return self.saved_sequence == self.sequence

    def add(self, entry: codec.Fields) -> None:
        """Give an update the next log position, and keep it until it is committed."""
        self.sequence += 1
        self.unsaved_bytes += len(entry[_UPDATE])
        self._unsaved.append(entry)

    def next_chunk(self, now: int) -> Chunk | None:
        """Return the chunk to write: the uncommitted one, or a new one with all new entries."""
        if self._in_flight is None and self._unsaved:
            entries, self._unsaved = self._unsaved, []
            first = self.sequence - len(entries) + 1
            self._in_flight = Chunk(
                self._session_id, first, self.sequence, codec.encode_chunk(entries), now
            )
        return self._in_flight

    def committed(self) -> None:
        """Note that the chunk from `next_chunk` is committed."""
        if self._in_flight:
            self.saved_sequence = self._in_flight.last
            self._in_flight = None
            # The bytes are counted again, not subtracted. Otherwise an error in the count would
            # stay for as long as the room is loaded.
            self.unsaved_bytes = sum(len(entry[_UPDATE]) for entry in self._unsaved)
