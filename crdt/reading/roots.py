"""Lists the roots of a document: their names, and the kinds of those that are not texts.

Not for their contents: see `documents`.
"""

from enum import IntEnum, StrEnum
from typing import NamedTuple

from crdt.reading.item_order import ItemOrder
from crdt.reading.items import OF_TEXTS, YataItem
from crdt.wire.content import DELETED, FORMAT, GC, TYPE
from crdt.wire.lib0 import read_var_uint

_UNCOUNTED = {FORMAT, GC, DELETED}


class SharedType(IntEnum):
    """Kinds of shared types, as Yjs numbers them."""

    ARRAY = 0
    MAP = 1
    TEXT = 2
    XML_ELEMENT = 3
    XML_FRAGMENT = 4
    XML_HOOK = 5
    XML_TEXT = 6


_IN_XML = {SharedType.XML_ELEMENT, SharedType.XML_HOOK, SharedType.XML_TEXT}


class RootType(StrEnum):
    """The type of a root that is not a text; `empty` if no content is left that shows its type."""

    XML = "xml"
    MAP = "map"
    ARRAY = "array"
    EMPTY = "empty"


class Root(NamedTuple):
    """A root that is not a text.

    type    a `RootType`, as a string
    length  the number of keys (map), values (array) or children (XML), as Yjs's `size` or `length`
    """

    type: str
    length: int


class Roots:
    """The roots of one document whose items are in order."""

    def __init__(self, order: ItemOrder) -> None:
        self._order = order
        self._keys: dict[str | int, list[str]] = {}
        for parent, key in order.heads:
            if key is not None:
                self._keys.setdefault(parent, []).append(key)

    def others(self) -> list[str]:
        """Return the sorted names of all roots that are not texts."""
        return sorted(root for root in root_names(self._order) if not self._is_text(root))

    def _is_text(self, root: str) -> bool:
        """Whether a string, format or embed was ever put directly into a root."""
        return any(item.kind in OF_TEXTS for item in self._order.items((root, None)))

    def type_of(self, name: str) -> RootType:
        """Return the type of a root that is not a text."""
        # Yjs does not store the type of a root: the application names it when it asks for the root.
        # So the type is found from the content. A root with only XML elements, texts and hooks is
        # a fragment. A root with other content in its sequence is an array. A root with content
        # only under keys is a map.
        kinds = {item.kind for item in self._order.items((name, None))} - {GC, DELETED}
        items = self._order.items((name, None))
        if kinds == {TYPE} and {kind_of(item) for item in items if item.kind == TYPE} <= _IN_XML:
            return RootType.XML
        if kinds:
            return RootType.ARRAY
        return RootType.MAP if name in self._keys else RootType.EMPTY

    def root(self, name: str) -> Root:
        """Return the type and length of a root that is not a text."""
        kind = self.type_of(name)
        if kind is RootType.MAP:
            return Root(str(kind), len(self.map_items(name)))
        counted = (
            item.length
            for item in self._order.items((name, None))
            if not item.is_deleted and item.kind not in _UNCOUNTED
        )
        return Root(str(kind), sum(counted))

    def map_items(self, parent: str | int) -> dict[str, YataItem]:
        """Return {key: the item that has its value}, without keys whose value is deleted.

        parent  the name of a root, or the packed id of a shared type
        """
        items = {}
        for key in self._keys.get(parent, ()):
            last = None
            # The last item of a key's list is its value, as in Yjs. If that item is deleted, the
            # key is deleted: earlier values were replaced, and do not come back.
            for item in self._order.items((parent, key)):
                last = item
            if last and not last.is_deleted:
                items[key] = last
        return items


def others_of(order: ItemOrder) -> dict[str, Root]:
    """Return {root: its type and length} of all roots that are not texts."""
    roots = Roots(order)
    return {name: roots.root(name) for name in roots.others()}


def root_names(order: ItemOrder) -> set[str]:
    """Return the names of all roots, including texts."""
    return {parent for parent, _ in order.heads if isinstance(parent, str)}


def kind_of(item: YataItem) -> int:
    """Return an item's `SharedType`; -1 if its content is not a shared type."""
    return read_var_uint(item.other.data, 0)[0] if item.kind == TYPE else -1
