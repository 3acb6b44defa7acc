"""Knows which structs of a document are shared types, and how deep these nest.

A struct may name its shared type by an id, so admission must know whether that id is a type. A
deleted type stays a type until its content is collected. Clients that do not know the deletion
still put structs into it, and these are deleted with it. Depth is bounded because yrs and browsers
read nested types by recursion. When 40,000 nested types are deleted, yrs overflows its stack and
the process dies.

See docs/design/documents.md.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable

from crdt.errors import LimitExceeded
from crdt.limits import MAX_LIVING_TYPES, MAX_TYPE_DEPTH
from crdt.wire.parsed_update import Placement
from crdt.wire.struct_id import client_of, clock_of, pack_id

_Ranges = Iterable[tuple[int, int, int]]


class TypeTable:
    """The shared types of one document. Packed ids: see `struct_id`.

    depths  {packed id of each type, also of deleted ones:
            the number of types that contain it, itself included}
    living  the number of types that are not deleted
    """

    __slots__ = ("_deleted", "_living", "depths", "living")

    def __init__(self) -> None:
        self.depths: dict[int, int] = {}
        self.living = 0
        # {client: clocks of its types that are not deleted, in order}
        self._living: dict[int, list[int]] = {}
        # {client: starts, ends} of deleted content
        self._deleted: dict[int, tuple[list[int], list[int]]] = {}

    def has_lost(self, packed: int) -> bool:
        """Whether the content of a known struct was deleted, so it may have been a shared type."""
        starts, ends = self._deleted.get(client_of(packed), ((), ()))
        at = bisect_right(starts, clock_of(packed)) - 1
        return at >= 0 and clock_of(packed) < ends[at]

    def check(self, placement: Placement, ranges: _Ranges) -> None:
        """Raise LimitExceeded if an applied update would make types too deep or too many."""
        if max((depth for depth, _ in placement.types.values()), default=0) > MAX_TYPE_DEPTH:
            raise LimitExceeded(f"types nested over {MAX_TYPE_DEPTH} levels", "type_depth")
        if self.living + len(placement.types) > MAX_LIVING_TYPES:
            # Only near the limit, the types that the update deletes are subtracted: known types and
            # its own. A client that replaces a large outline by another one must not be refused.
            created = sorted(placement.types)
            gone = sum(
                self._count(client, start, end) + _count(created, client, start, end)
                for client, start, end in ranges
            )
            if self.living + len(created) - gone > MAX_LIVING_TYPES:
                raise LimitExceeded(f"over {MAX_LIVING_TYPES} shared types in a document", "types")

    def add(self, placement: Placement, ranges: _Ranges) -> None:
        """Note the types that an applied update creates, and those that it deletes."""
        for packed, (depth, parent) in placement.types.items():
            self.depths[packed] = depth
            # A type in a deleted type is deleted from the beginning, and is not counted.
            if depth == 1 or self._is_living(parent):
                self._living.setdefault(client_of(packed), []).append(clock_of(packed))
                self.living += 1
        for client, start, end in placement.deleted:
            self._note_deleted(client, start, end)
        if self.living:
            for client, start, end in ranges:
                self._delete(client, start, end)

    def _is_living(self, packed: int) -> bool:
        return self._count(client_of(packed), clock_of(packed), clock_of(packed) + 1) > 0

    def _count(self, client: int, start: int, end: int) -> int:
        clocks = self._living.get(client, ())
        return bisect_left(clocks, end) - bisect_left(clocks, start)

    def _delete(self, client: int, start: int, end: int) -> None:
        clocks = self._living.get(client)
        if clocks:
            first, after = bisect_left(clocks, start), bisect_left(clocks, end)
            del clocks[first:after]
            self.living -= after - first

    def _note_deleted(self, client: int, start: int, end: int) -> None:
        """Note deleted content.

        The ranges of a client come in order, because updates only add structs at its end.
        """
        starts, ends = self._deleted.setdefault(client, ([], []))
        if ends and ends[-1] == start:
            ends[-1] = end
        else:
            starts.append(start)
            ends.append(end)


def _count(packed_ids: list[int], client: int, start: int, end: int) -> int:
    return bisect_left(packed_ids, pack_id(client, end)) - bisect_left(
        packed_ids, pack_id(client, start)
    )
