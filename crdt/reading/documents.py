"""Reads the roots of a document that are not texts as JSON: trees of XML, maps and arrays.

The JSON equals the result of Yjs's `toJSON`, and XML equals the result of its `toString`, also for
nested types.

pycrdt cannot do this: it must be told the type of a root first, and the bytes do not contain the
type. Also, it writes some values in another form than browsers do (docs/design/documents.md).
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from crdt.reading import values
from crdt.reading.file_table import TABLE_ROOT, table_in
from crdt.reading.item_order import ItemOrder
from crdt.reading.items import Content, YataItem, as_text
from crdt.reading.roots import Roots, RootType, SharedType, kind_of
from crdt.reading.values import MAX_DEPTH, TooDeep, as_json, js_text
from crdt.wire.content import DELETED, EMBED, FORMAT, GC, TYPE
from crdt.wire.lib0 import read_var_bytes, read_var_uint
from crdt.wire.struct_id import pack_id
from crdt.wire.struct_reader import Parent

MAX_BYTES = 4 << 20
"""Bytes (UTF-8) of all values and keys of one document; roots over this limit are left out."""

_OBJECT = "[object Object]"

Document = dict[str, Any]
"""{"type": `RootType`, "value": JSON, "leftOut": why (a part of) the value is missing, or None}"""


class LeftOut(StrEnum):
    """Why a value, or a part of it, is missing."""

    TOO_LARGE = "too_large"
    TOO_DEEP = "too_deep"
    ATTRIBUTES = "attributes"


class _TooLarge(Exception):
    pass


def read_documents(state: bytes) -> dict[str, Document]:
    """Return {root: its content} of all roots that are not texts."""
    return documents_of(ItemOrder(state))


def documents_of(order: ItemOrder) -> dict[str, Document]:
    """Return {root: its content} of all roots that are not texts."""
    roots = Roots(order)
    reader = _Reader(order, roots)
    # The table of files is read first, so that other roots cannot use up its share of the bytes.
    names = sorted(roots.others(), key=lambda root: (root != TABLE_ROOT, root))
    return dict(sorted((root, reader.root(root)) for root in names))


def table_of(order: ItemOrder) -> Mapping[str, Any] | None:
    """Return the document's table of files (`crdt.reading.file_table`); None if it has none."""
    roots = Roots(order)
    if roots.type_of(TABLE_ROOT) is not RootType.MAP:
        return None
    return table_in({TABLE_ROOT: _Reader(order, roots).root(TABLE_ROOT)})


class _Reader:
    """Reads one document: JSON by recursion, up to `MAX_DEPTH` levels; XML without recursion."""

    def __init__(self, order: ItemOrder, roots: Roots) -> None:
        self._order = order
        self._roots = roots
        self._left_bytes = MAX_BYTES
        self._decoded: dict[tuple[int, bytes], list[Any]] = {}

    def root(self, name: str) -> Document:
        """Return the content of a root."""
        kind = self._roots.type_of(name)
        has_attributes = kind is not RootType.MAP and self._roots.map_items(name)
        left_out = LeftOut.ATTRIBUTES if has_attributes else None
        value: Any = None
        try:
            match kind:
                case RootType.XML:
                    value = self._xml((name, None))
                case RootType.MAP:
                    value = self._map(name, 1)
                case RootType.ARRAY:
                    value = self._array(name, 1)
        except TooDeep:
            left_out = LeftOut.TOO_DEEP
        except _TooLarge:
            left_out = LeftOut.TOO_LARGE
        return {"type": str(kind), "value": value, "leftOut": left_out and str(left_out)}

    # -- JSON -------------------------------------------------------------------------------------

    def _map(self, parent: str | int, depth: int) -> dict[str, Any]:
        members = {}
        for key, item in self._roots.map_items(parent).items():
            self._count(len(key) + 4)
            value = _last(self._values(item, item.other, depth))
            if value is not values.UNDEFINED:
                members[as_text(key)] = value
        return members

    def _array(self, parent: str | int, depth: int) -> list[Any]:
        listed: list[Any] = []
        for item in self._order.items((parent, None)):
            content = item.content
            if item.is_deleted or isinstance(content, str) or content.kind in (FORMAT, GC, DELETED):
                continue
            shown = self._values(item, content, depth)
            listed += (None if value is values.UNDEFINED else value for value in shown)
        return listed

    def _values(self, item: YataItem, content: Content, depth: int) -> list[Any]:
        """Return an item's values as JSON; `UNDEFINED` stays."""
        if content.kind == TYPE:
            return [self._nested(item, depth)]
        return [
            value if value is values.UNDEFINED else self._counted(as_json(value, depth))
            for value in self._raw(item, content)
        ]

    def _raw(self, item: YataItem, content: Content) -> list[Any]:
        """Return an item's values. A content that was cut into many items is decoded only once."""
        kind, data, first = content
        # Most values are alone in their item: then the decoded content need not be kept.
        if item.length == 1 and not first:
            return values.decode(kind, data)[:1]
        key = (item.client, data)
        if key not in self._decoded:
            self._decoded[key] = values.decode(kind, data)
        return self._decoded[key][first : first + item.length]

    def _nested(self, item: YataItem, depth: int) -> Any:
        if depth >= MAX_DEPTH:
            raise TooDeep
        kind, own = kind_of(item), pack_id(item.client, item.clock)
        if kind == SharedType.ARRAY:
            return self._array(own, depth + 1)
        if kind in (SharedType.MAP, SharedType.XML_HOOK):
            return self._map(own, depth + 1)
        return self._xml_of(item)

    def _count(self, size: int) -> None:
        self._left_bytes -= size
        if self._left_bytes < 0:
            raise _TooLarge

    def _counted(self, value: Any) -> Any:
        """Return the value, after counting about as many bytes as it takes in JSON."""
        self._count(len(value.encode()) + 4 if isinstance(value, str) else len(str(value)) + 2)
        return value

    # -- XML --------------------------------------------------------------------------------------

    def _xml(self, place: Parent) -> str:
        return self._join(self._children(place))

    def _xml_of(self, item: YataItem) -> str:
        return self._join(self._pieces(item))

    def _join(self, pieces: Iterator[str | YataItem]) -> str:
        """Return the text of pieces; a type among them is replaced by its own pieces."""
        parts: list[str] = []
        # This is a stack, not recursion: elements may nest 500 deep, with several generators each.
        stack = [pieces]
        while stack:
            piece = next(stack[-1], None)
            if piece is None:
                stack.pop()
            elif isinstance(piece, str):
                self._count(len(piece.encode()))
                parts.append(piece)
            else:
                stack.append(self._pieces(piece))
        return "".join(parts)

    def _children(self, place: Parent) -> Iterator[str | YataItem]:
        return (
            item for item in self._order.items(place) if item.kind == TYPE and not item.is_deleted
        )

    def _pieces(self, item: YataItem) -> Iterator[str | YataItem]:
        """Return the pieces that Yjs's `toString` of a shared type joins."""
        kind, place = kind_of(item), (pack_id(item.client, item.clock), None)
        if kind == SharedType.XML_ELEMENT:
            return self._element(item, place)
        if kind == SharedType.XML_FRAGMENT:
            return self._children(place)
        if kind == SharedType.XML_TEXT:
            return self._formatted(place)
        if kind == SharedType.TEXT:
            return (as_text(text) for text in self._texts(place))
        return iter((_OBJECT,))

    def _texts(self, place: Parent) -> Iterator[str]:
        yield "".join(
            item.text
            for item in self._order.items(place)
            if item.text is not None and not item.is_deleted
        )

    def _element(self, item: YataItem, place: Parent) -> Iterator[str | YataItem]:
        data = item.other.data
        _, at = read_var_uint(data, 0)
        name = read_var_bytes(data, at)[0].decode("utf-8", "replace").lower()
        # Attributes are the values of the element's keys. Yjs sorts them, so equal elements have
        # equal text.
        attributes = self._roots.map_items(place[0])
        written = (
            f' {as_text(key)}="{js_text(self._attribute(attributes[key]))}"'
            for key in sorted(attributes, key=_utf_16)
        )
        yield f"<{name}{''.join(written)}>"
        yield from self._children(place)
        yield f"</{name}>"

    def _attribute(self, item: YataItem) -> Any:
        return {} if item.kind == TYPE else _last(self._raw(item, item.other))

    def _formatted(self, place: Parent) -> Iterator[str | YataItem]:
        """Return text with its formats as elements around each part (`YXmlText.toString`)."""
        formats: dict[str, Any] = {}
        text = ""
        for item in self._order.items(place):
            if item.is_deleted:
                continue
            if item.text is not None:
                text += item.text
            elif item.kind in (FORMAT, EMBED, TYPE):
                if text:
                    yield from _within(formats, as_text(text))
                    text = ""
                if item.kind == FORMAT:
                    _set_format(formats, item)
                else:
                    yield from _within(formats, item if item.kind == TYPE else _embedded(item))
        if text:
            yield from _within(formats, as_text(text))


def _last(listed: list[Any]) -> Any:
    """Return the value of a key; undefined if the content has no value, as in Yjs."""
    return listed[-1] if listed else values.UNDEFINED


def _within(formats: dict[str, Any], piece: str | YataItem) -> Iterator[str | YataItem]:
    # Yjs sorts the names, so equal formats open in one order, and close in reverse order.
    names = sorted(formats, key=_utf_16)
    for name in names:
        members = _members(formats[name])
        written = (
            f' {as_text(key)}="{js_text(members[key])}"' for key in sorted(members, key=_utf_16)
        )
        yield f"<{as_text(name)}{''.join(written)}>"
    yield piece
    for name in reversed(names):
        yield f"</{as_text(name)}>"


def _members(value: Any) -> dict[str, Any]:
    """Return {key: member} of the members that JavaScript's `for … in` visits."""
    if isinstance(value, dict):
        return value
    if isinstance(value, str | list):
        return {str(index): member for index, member in enumerate(value)}
    return {}


def _set_format(formats: dict[str, Any], item: YataItem) -> None:
    name, value = values.decode_format(item.other.data)
    if value is None:
        formats.pop(name, None)
    else:
        formats[name] = value


def _embedded(item: YataItem) -> str:
    return js_text(values.decode(item.kind, item.other.data)[0])


def _utf_16(text: str) -> bytes:
    """Return a sort key for a string: JavaScript sorts by UTF-16 code units."""
    return text.encode("utf-16-be", "surrogatepass")
