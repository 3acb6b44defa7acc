"""Reads a room's document at one moment: its contents, or only an outline of its roots."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple, TypeVar

from crdt.fair_queue import Payer
from crdt.reading.documents import Document, documents_of, table_of
from crdt.reading.file_table import TABLE_ROOT, File, Naming, are_few, read_files
from crdt.reading.roots import Root, others_of
from crdt.reading.text_order import TextOrder
from crdt.room.room import Room
from crdt.wire.struct_reader import utf_16_length
from crdt.workers import Workers

_FEW_BYTES = 4 << 10
"""In a document of this many bytes, the event loop reads the roots other than texts. This takes a
few milliseconds."""
_QUICK_BYTES = 32 << 10
"""The event loop loads a document of this many bytes into pycrdt, to read its texts. This takes a
few milliseconds."""
_DEADLINE_S = 20.0


class Contents(NamedTuple):
    """The contents of a document.

    files      {root: text} of all text roots and the main root
    documents  {root: its content} of all other roots
    """

    files: dict[str, str]
    documents: dict[str, Document]


class Outline(NamedTuple):
    """The roots of a document, without their contents.

    texts   {root: length in UTF-16 code units} of all text roots and the main root
    others  {root: its kind} of all other roots, without the table of files
    files   all files, in the order of their list
    """

    texts: dict[str, int]
    others: dict[str, Root]
    files: tuple[File, ...]


_Found = TypeVar("_Found")
_Texts = Sequence[str] | None
"""Names of roots that are texts, even if the state does not show it.
None if the texts are not asked for."""


class Snapshot:
    """A document at the moment when this object is made; later edits do not change it.

    main_root  the room's main root
    sequence   the document's log position
    """

    __slots__ = ("_files", "_parts", "_texts", "main_root", "sequence")

    def __init__(self, room: Room) -> None:
        """Raises RoomDamaged or TextUnavailable if the texts cannot be read."""
        # The snapshot keeps only bytes and strings, which never change. So clients may edit while a
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
        """Return the document's contents; a worker process reads a large one. Raises WorkError.

        key  the user that the work is done for, see `Workers.run`
        """
        if self._parts is None:
            return Contents(self._files or {}, {})
        files, documents = await self._find(_read, self._parts, workers, key)
        return Contents(files if self._files is None else self._files, documents)

    async def outline(self, workers: Workers, key: str | Payer, suffix: str) -> Outline:
        """Return the document's roots and files; other arguments and errors: see `read`.

        suffix  see `Naming`
        """
        naming = Naming(self.main_root, suffix)
        if self._parts is None:
            texts = _lengths(self._files or {})
            if are_few(None, texts):
                return Outline(texts, {}, read_files(None, texts, naming))
            names = await workers.run(
                read_files, None, tuple(texts), naming, key=key, deadline_s=_DEADLINE_S
            )
            return Outline(texts, {}, names)
        roots = partial(_outline, naming=naming, known=self._texts)
        outline = await self._find(roots, self._parts, workers, key)
        return outline if self._files is None else outline._replace(texts=_lengths(self._files))

    async def _find(
        self,
        function: Callable[[Sequence[bytes], _Texts], _Found],
        parts: Sequence[bytes],
        workers: Workers,
        key: str | Payer,
    ) -> _Found:
        texts = self._texts if self._files is None else None
        if sum(map(len, parts)) <= _FEW_BYTES:
            return function(parts, texts)
        return await workers.run(function, parts, texts, key=key, deadline_s=_DEADLINE_S)


def _read(parts: Sequence[bytes], texts: _Texts) -> Contents:
    """Return the contents of a document, which is given in parts."""
    order = _order_of(parts)
    return Contents(_files(order, texts), documents_of(order))


def _outline(
    parts: Sequence[bytes], texts: _Texts, naming: Naming, known: Sequence[str]
) -> Outline:
    """Return the roots of a document. The worker returns only these, not the texts.

    known  names of roots that are texts. Once a text's deleted content was removed from the
           document, the state no longer shows that the root is a text, but the room knows it
    """
    order = _order_of(parts)
    lengths, table = _lengths(_files(order, texts)), table_of(order)
    files = read_files(table, (*known, *lengths), naming)
    hidden = {*known, *lengths, *((TABLE_ROOT,) if table is not None else ())}
    others = {name: root for name, root in others_of(order).items() if name not in hidden}
    return Outline(lengths, others, files)


def _order_of(parts: Sequence[bytes]) -> TextOrder:
    order = TextOrder()
    for part in parts:
        order.apply(part)
    return order


def _files(order: TextOrder, texts: _Texts) -> dict[str, str]:
    return {} if texts is None else {**dict.fromkeys(texts, ""), **order.texts()}


def _lengths(files: Mapping[str, str]) -> dict[str, int]:
    return {root: utf_16_length(text) for root, text in files.items()}
