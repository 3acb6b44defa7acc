"""The contents of a room's document at one moment: its texts, and its other roots as JSON."""

from collections.abc import Sequence
from typing import NamedTuple

from crdt.fair_queue import Payer
from crdt.reading.documents import Document, documents_of
from crdt.reading.text_order import TextOrder
from crdt.room.room import Room
from crdt.workers import Workers

_FEW_BYTES = 4 << 10
"""Bytes of a document whose other roots are read on the event loop, in a few milliseconds."""
_QUICK_BYTES = 32 << 10
"""Bytes of a document that is loaded into pycrdt on the event loop, to read its texts,
in a few milliseconds."""
_DEADLINE_S = 20.0


class Contents(NamedTuple):
    """The contents of a document.

    files      {root: text} of all text roots and the main root
    documents  {root: what it holds} of its other roots
    """

    files: dict[str, str]
    documents: dict[str, Document]


class Snapshot:
    """A document as it is when this object is made; later edits do not change it.

    main_root  the room's main root
    sequence   its log position
    """

    __slots__ = ("_files", "_parts", "_texts", "main_root", "sequence")

    def __init__(self, room: Room) -> None:
        """Raises RoomDamaged or TextUnavailable if the texts cannot be read."""
        # All that is read is bytes and strings, which nobody changes. So the room may go on while a
        # worker reads them.
        room.integrate_pending()
        document = room.document
        self.main_root = room.main_root
        self.sequence = room.journal.sequence
        self._texts = (room.main_root, *room.index.text_roots)
        is_quick = document.is_loaded or document.size <= _QUICK_BYTES or not document.has_texts
        self._files = room.files() if is_quick else None
        has_others = not room.index.roots <= set(room.index.text_roots)
        self._parts = document.parts() if has_others or self._files is None else None

    async def read(self, workers: Workers, key: str | Payer) -> Contents:
        """Return its contents; a large document is read in a worker process. Raises WorkError.

        key  whose work it is, see `Workers.run`
        """
        if self._parts is None:
            return Contents(self._files or {}, {})
        texts = self._texts if self._files is None else None
        if sum(map(len, self._parts)) <= _FEW_BYTES:
            files, documents = _read(self._parts, texts)
        else:
            files, documents = await workers.run(
                _read, self._parts, texts, key=key, deadline_s=_DEADLINE_S
            )
        return Contents(files if self._files is None else self._files, documents)


def _read(
    parts: Sequence[bytes], texts: Sequence[str] | None
) -> tuple[dict[str, str], dict[str, Document]]:
    """Return (texts, other roots) of the parts of a document; without texts if none are named.

    texts  names of roots that are texts, also if nothing in the state says so
    """
    order = TextOrder()
    for part in parts:
        order.apply(part)
    files = {} if texts is None else {**dict.fromkeys(texts, ""), **order.texts()}
    return files, documents_of(order)
