"""Follows the names of files in a document that is played back."""

from collections.abc import Iterable

from crdt.reading.documents import table_of
from crdt.reading.file_table import TABLE_ROOT, File, Naming, read_files
from crdt.reading.items import YataItem
from crdt.reading.roots import Roots
from crdt.reading.text_order import TextOrder
from crdt.wire.content import TYPE
from crdt.wire.struct_id import pack_id


class PlayedNames:
    """The names of the files of one document, which its table of files gives.

    Names are read again only after an update that changed the table or made a new text: reading
    costs as much as the table is long, and most updates are keystrokes.
    """

    __slots__ = ("_files", "_naming", "_order", "_parents", "_text_count")

    def __init__(self, order: TextOrder, naming: Naming) -> None:
        self._order = order
        self._naming = naming
        self._parents: set[str | int] = {TABLE_ROOT}
        self._text_count = 0
        self._files: dict[str, File] = {}
        self._read()

    def files(self) -> tuple[File, ...]:
        """Return all files at this moment, in the order of their list."""
        return tuple(self._files.values())

    def changed(self, items: Iterable[YataItem]) -> list[File]:
        """Return the files whose names or deletion changed; a file that is gone counts as deleted.

        items  the items that the last update inserted or deleted
        """
        is_new_text = len(self._order.text_roots) != self._text_count
        if not is_new_text and not any(map(self._is_of_table, items)):
            return []
        before = self._files
        self._read()
        changed = [file for root, file in self._files.items() if before.get(root) != file]
        gone = [file for root, file in before.items() if root not in self._files]
        return changed + [File(file.root, file.name, is_deleted=True) for file in gone]

    def _is_of_table(self, item: YataItem) -> bool:
        return item.place is not None and item.place[0] in self._parents

    def _read(self) -> None:
        order = self._order
        self._text_count = len(order.text_roots)
        roots = dict.fromkeys([self._naming.main_root, *order.text_roots])
        listed = read_files(table_of(order), roots, self._naming)
        self._files = {file.root: file for file in listed}
        # An entry may be a shared map. Then its properties have that map as their parent.
        entries = Roots(order).map_items(TABLE_ROOT).values()
        nested = {pack_id(item.client, item.clock) for item in entries if item.kind == TYPE}
        self._parents = {TABLE_ROOT, *nested}
