"""Refuses edits of roots that are not texts.

A whole text that is put into the root of a map or of an XML document would be content that its
editor cannot read. Not for edits of Yjs clients: these name no type, so they are taken as they are.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from crdt.errors import NoText
from crdt.reading.item_order import ItemOrder
from crdt.reading.roots import Roots, RootType
from crdt.room.room import Room
from crdt.workers import Workers

_FEW_BYTES = 4 << 10
"""Bytes of a document that the event loop reads, in a few milliseconds."""
_DEADLINE_S: Final = 20.0


async def check_texts(room: Room, roots: Iterable[str], workers: Workers, user_id: str) -> bool:
    """Raise NoText if a root is not a text; return whether other tasks may have run meanwhile.

    roots    names of the roots that are to be edited; they may be new
    user_id  the user that the work is done for

    Other tasks may run only if a worker reads the document. Also raises the errors of
    `Workers.run`.
    """
    index = room.index
    unsure = [root for root in roots if root in index.roots and root not in index.text_roots]
    if not unsure:
        return False
    # If all content of a root was deleted, only its place is left, and any client may use it.
    parts = room.document.parts()
    if sum(map(len, parts)) <= _FEW_BYTES:
        types = types_of(parts, unsure)
    else:
        types = await workers.run(types_of, parts, unsure, key=user_id, deadline_s=_DEADLINE_S)
    if types:
        raise NoText(types)
    return True


def types_of(parts: Sequence[bytes], roots: Sequence[str]) -> dict[str, str]:
    """Return {root: its type} of those roots that are neither texts nor empty.

    parts  the document, as `Document.parts` gives it
    """
    order = ItemOrder()
    for part in parts:
        order.apply(part)
    content = Roots(order)
    others = {*content.others()}
    types = {root: content.type_of(root) for root in roots if root in others}
    return {root: str(kind) for root, kind in types.items() if kind is not RootType.EMPTY}
