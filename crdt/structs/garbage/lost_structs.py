"""Finds the structs of a state that are in deleted shared types.

A client with `gc: true` keeps only the lengths of such structs (`Item.gc` in Yjs, with
`parentGCd`), so the server may do that, too.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping
from operator import itemgetter

from crdt.reading.item_order import ItemOrder
from crdt.structs.struct_parents import StructParents
from crdt.structs.type_table import TypeTable
from crdt.wire.parsed_update import GONE, Parsed, Placement
from crdt.wire.struct_id import client_of, clock_of
from crdt.wire.struct_reader import Parent

Ranges = dict[int, list[tuple[int, int]]]
"""{client: (start, end), in order and without overlaps}"""


def deleted_ranges(ranges: Iterable[tuple[int, int, int]]) -> Ranges:
    """Return the ranges of deleted structs by client, joined where they touch."""
    by_client: Ranges = {}
    for client, start, end in sorted(ranges):
        joined = by_client.setdefault(client, [])
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return by_client


class StructPlaces:
    """The places of the structs of one whole state.

    placement  the places of all structs
    """

    def __init__(self, parsed: Parsed) -> None:
        """Find the places of all structs.

        This takes 2 µs for each struct that does not follow the struct before it.
        """
        self.placement = StructParents().resolve(parsed, TypeTable(), is_strict=False)
        self._single: Parent = (next(iter(parsed.contents.roots), ""), None)

    def runs(self, client: int) -> list[tuple[int, Parent]]:
        """Return (first clock, place) of runs of a client's structs, in order."""
        return self.placement.parents.get(client, [(0, self._single)])

    def is_in_sequence(self, packed: int) -> bool:
        """Whether a struct is in a sequence, and not under a map key."""
        runs = self.runs(client_of(packed))
        _, (_, key) = runs[bisect_right(runs, clock_of(packed), key=itemgetter(0)) - 1]
        return key is None

    def lost_types(self, deleted: Ranges) -> set[int]:
        """Return the packed ids of the shared types that are deleted, or inside a deleted type."""
        # A type comes after the type that contains it. So one pass is enough: whether the outer
        # type is lost is already known.
        lost: set[int] = set()
        for packed, (_, around) in self.placement.types.items():
            if around in lost or _is_in(deleted, packed):
                lost.add(packed)
        return lost


def superseded(
    state: bytes, parsed: Parsed, places: StructPlaces, deleted: Ranges
) -> list[tuple[int, int, int]]:
    """Return (client, start, end) of values that were replaced and that no deletion names.

    A client that sets a key deletes the value before it. Two clients may set a key without having
    seen each other. Then each client keeps the last of the two values when it integrates them,
    deletes the other value, and sends no deletion.
    """
    # Finding the last value needs all values in order, which takes long. So living values are
    # counted first: if each key has at most one, no value was replaced.
    living: Counter[Parent] = Counter()
    for client, (_, after) in parsed.spans.items():
        runs = places.runs(client)
        ends = [clock for clock, _ in runs[1:]] + [after]
        for (start, place), end in zip(runs, ends, strict=True):
            if place[1] is not None:
                living[place] += end - start - _overlap(deleted.get(client, []), start, end)
    hidden = []
    order = ItemOrder(state) if max(living.values(), default=0) > 1 else None
    for place, count in living.items():
        if order and count > 1:
            *others, _ = order.items(place)
            hidden += [
                (item.client, item.clock, item.clock + item.length)
                for item in others
                if not item.is_deleted
            ]
    return hidden


def lost_ranges(
    placement: Placement, lost_types: set[int], spans: Mapping[int, tuple[int, int]]
) -> Ranges:
    """Return the structs whose place is one of these types, or is gone.

    spans  see `Parsed`
    """
    by_client: Ranges = {}
    for client, runs in placement.parents.items():
        ends = [clock for clock, _ in runs[1:]] + [spans[client][1]]
        for (start, place), end in zip(runs, ends, strict=True):
            if place == GONE or place[0] in lost_types:
                by_client.setdefault(client, []).append((start, end))
    return by_client


def _overlap(ranges: list[tuple[int, int]], start: int, end: int) -> int:
    """Return the number of clocks from `start` to before `end` in ranges of one client."""
    count = 0
    for at in range(max(0, bisect_right(ranges, (start, 1 << 53)) - 1), len(ranges)):
        first, after = ranges[at]
        if first >= end:
            break
        count += max(0, min(after, end) - max(first, start))
    return count


def _is_in(ranges: Ranges, packed: int) -> bool:
    of_client = ranges.get(client_of(packed), [])
    at = bisect_right(of_client, (clock_of(packed), 1 << 53)) - 1
    return at >= 0 and clock_of(packed) < of_client[at][1]
