"""What a room's document holds at one moment: its texts, and its other roots as JSON."""

from crdt.reading.documents import Document, read_documents
from crdt.room.room import Room
from crdt.workers import Workers

_FEW_BYTES = 4 << 10
"""So short a document is read on the event loop, in a few milliseconds."""
_DEADLINE_S = 20.0


class Snapshot:
    """A document as it is when this is made, whatever is edited later.

    files      {root: text} of all text roots and the main root
    main_root  the room's main root
    sequence   its log position
    """

    __slots__ = ("_state", "files", "main_root", "sequence")

    def __init__(self, room: Room) -> None:
        """Raises RoomDamaged if the texts cannot be read."""
        self.files = room.files()
        self.main_root = room.main_root
        self.sequence = room.journal.sequence
        has_others = not room.index.roots <= set(room.index.text_roots)
        self._state = room.document.state() if has_others else None

    async def documents(self, workers: Workers, key: str) -> dict[str, Document]:
        """Return {root: what it holds} of the roots that are no texts; raises WorkError.

        key  whose work it is, see `Workers.run`
        """
        if self._state is None:
            return {}
        if len(self._state) <= _FEW_BYTES:
            return read_documents(self._state)
        return await workers.run(read_documents, self._state, key=key, deadline_s=_DEADLINE_S)
