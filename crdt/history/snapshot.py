"""What a room's document holds at one moment: its texts, and its other roots as JSON."""

import asyncio

from crdt.errors import NoText
from crdt.reading.documents import Document, read_documents
from crdt.room.room import Room
from storage.errors import NotFound


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

    async def documents(self) -> dict[str, Document]:
        """Return {root: what it holds} of the roots that are no texts, read in a thread."""
        if self._state is None:
            return {}
        return await asyncio.to_thread(read_documents, self._state)


async def missing_text(snapshot: Snapshot, root: str) -> NotFound | NoText:
    """Return what to raise for a root that is among no texts."""
    document = (await snapshot.documents()).get(root)
    return NoText({root: document["type"]}) if document else NotFound("text")
